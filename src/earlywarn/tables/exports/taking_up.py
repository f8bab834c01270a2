"""Read a OneRoster export, judge its rows, and set them against what was remembered of earlier ones."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from earlywarn.errors import ExtractError
from earlywarn.tables.contract import Contract
from earlywarn.tables.conversion import REASON
from earlywarn.tables.exports.checking import check_rows, checked
from earlywarn.tables.exports.counting import counted
from earlywarn.tables.exports.memory import Memory, Recall
from earlywarn.tables.exports.opening import open_export
from earlywarn.tables.exports.reading import ReadFile, read_files
from earlywarn.tables.exports.relations import make_before, make_computed, make_derived, make_now
from earlywarn.tables.exports.source import ExportSource
from earlywarn.tables.oneroster import (
    OneRoster,
    check_covered,
    columns_read,
    computed_read,
    mapped_tables,
    standard,
)
from earlywarn.tables.versions import connect

if TYPE_CHECKING:
    import duckdb


def take_up(
    contract: Contract,
    declared: OneRoster | None,
    path: Path,
    *,
    received_on: date,
    recall: Recall,
    accepted: Collection[str] = (),
    threads: int = 2,
) -> ExportSource:
    """Read an export and set it against what was remembered of earlier ones.

    Args:
        contract: The network's contract.
        declared: What the network says of OneRoster, if it says anything.
        path: The zip or the folder.
        received_on: The day the export was received.
        recall: Returns what an earlier intake put away under a name.
        accepted: The names of changes that may pass, as `--accept-drift` gives them.
        threads: How many threads the engine may use.

    Raises:
        DeclarationError: The mapping gives nothing to a column that the contract requires.
        ExtractError: The export cannot be read exactly.
    """
    tables = mapped_tables(contract, declared or OneRoster())
    if not tables:
        message = "no table of this network is one that OneRoster fills"
        raise ExtractError(message, where=path.name, todo="say which under [oneroster] in extracts.toml")
    check_covered(contract, tables)
    columns = columns_read(standard(), tables.values())
    export = open_export(path, columns.keys())
    with ExitStack() as stack:
        # An engine of its own, which never spills: it holds names.
        connection = connect(threads=threads)
        stack.callback(connection.close)
        connection.execute(f"SET VARIABLE received_on = DATE '{received_on.isoformat()}'")
        read = read_files(connection, export, columns)
        memory = Memory(export.manifest.system, recall)
        remembered = frozenset(file for file in columns if memory.load(connection, file, columns[file]))
        source = ExportSource(
            connection, contract, export, tables, columns, read, memory, remembered, accepted
        )
        _set_up(source)
        stack.pop_all()
    return source


def _set_up(source: ExportSource) -> None:
    """Judge the rows, and put them together with those remembered."""
    connection, version = source.connection, source.export.manifest.version
    derived = [file for file in source.columns if standard().as_written(file, version) is None]
    for file in (*(f for f in source.columns if f not in derived), *derived):
        of = "users" if file in derived else file
        if file in derived and of in source.read:
            make_derived(connection, file, source.columns[file])
            source.read[file] = ReadFile(source.read[of].name, source.read[of].digest)
        mode = source.export.manifest.modes.get(of, "delta")
        check_rows(
            connection,
            file,
            mode,
            columns=source.columns[file],
            required=_required(source, file),
        )
        waits = bool(source.read[file].broken) if file in source.read else False
        waits = waits or _waits(connection, file)
        make_before(connection, file)
        make_now(
            connection,
            file,
            source.columns[file],
            # A row that waits may be one that was remembered: then nothing counts as left out.
            with_remembered=file in source.remembered_files and (mode == "delta" or waits),
            made_from="userSourcedId" if file in derived else None,
        )
    computed = computed_read(standard(), source.tables.values())
    make_computed(connection, "now", source.columns, computed)
    if source.remembered_files:
        make_computed(connection, "before", source.columns, computed)
    source.intakes += [
        counted(connection, file, source.read[file], source.columns[file])
        for file in source.columns
        if file in source.read and file not in derived
    ]


def _required(source: ExportSource, file: str) -> list[str]:
    version = source.export.manifest.version
    shape = standard().as_written(file, version) or standard().files[file]
    return [c for c in source.columns[file] if standard().written_name(file, c, version) in shape.required]


def _waits(connection: duckdb.DuckDBPyConnection, file: str) -> bool:
    found = connection.execute(f"SELECT 1 FROM {checked(file)} WHERE {REASON} IS NOT NULL LIMIT 1")
    return bool(found.fetchall())

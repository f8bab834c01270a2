"""Take up a OneRoster export as the source of a network's tables, in the place of its declared files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from earlywarn.errors import ExtractError
from earlywarn.tables.contract import Contract
from earlywarn.tables.conversion import REASON
from earlywarn.tables.exports.changes import EARLIER, given, make_changes
from earlywarn.tables.exports.checking import check_rows, checked
from earlywarn.tables.exports.counting import counted
from earlywarn.tables.exports.memory import Memory, Recall, old
from earlywarn.tables.exports.opening import Export, open_export
from earlywarn.tables.exports.reading import Columns, ReadFile, read_files
from earlywarn.tables.exports.relations import (
    GIVEN,
    make_before,
    make_computed,
    make_derived,
    make_now,
    remembered_sql,
)
from earlywarn.tables.exports.texts import YES, ExportText
from earlywarn.tables.expressions import quote
from earlywarn.tables.extracts import Deletes, Extract, Extracts, Source
from earlywarn.tables.oneroster import (
    ID,
    OneRoster,
    RosterTable,
    check_covered,
    columns_read,
    computed_read,
    mapped_tables,
    standard,
)
from earlywarn.tables.reading import GivenText
from earlywarn.tables.report import TableIntake
from earlywarn.tables.resolution import DELETED
from earlywarn.tables.versions import connect

# Beside the name of a file: its rows that earlier exports gave.
_BEFORE = "(déjà reçu/earlier)"


@dataclass
class ExportSource:
    """An export that was read; its relations live in the engine until the intake ends."""

    connection: duckdb.DuckDBPyConnection
    contract: Contract
    export: Export
    tables: dict[str, RosterTable]
    columns: Columns
    read: dict[str, ReadFile]
    memory: Memory
    remembered_files: frozenset[str]
    intakes: list[TableIntake] = field(default_factory=list)

    @property
    def extracts(self) -> Extracts:
        """Return the export as if each table had a declared file of its own."""
        return Extracts(extract=tuple(self._extract(name, table) for name, table in self.tables.items()))

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()

    def open_texts(self, extract: Extract, first: int, repeating: frozenset[str]) -> Iterator[GivenText]:
        """Yield what the export changes in a table: by its own rows, then by rows of earlier exports."""
        name = extract.table
        mapping = self.tables[name]
        make_changes(
            self.connection,
            name,
            mapping,
            key=self.contract.tables[name].key_columns,
            remembered=mapping.file in self.remembered_files,
        )
        read = self.read.get(mapping.file)
        if read is not None:
            yield self._text(name, read.name, read.digest, first, earlier=False)
            first += 1
        if self._has_earlier(name):
            yield self._text(name, f"{mapping.file}.csv {_BEFORE}", self.export.digest, first, earlier=True)
        self.connection.execute(f"DROP TABLE {given(name)}")

    def not_given(self, name: str) -> tuple[str, ...]:
        """Return the columns of a table that files may give and the export has no word for."""
        table, mapping = self.contract.tables[name], self.tables.get(name)
        if mapping is None:
            return ()
        return tuple(n for n, column in table.stored.items() if column.is_given and n not in mapping.columns)

    def to_remember(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield what is to be put away, by name, where the export has changed it."""
        for file in self.read:
            sql = f"SELECT * EXCLUDE ({GIVEN}) FROM ({remembered_sql(file, self.columns[file])})"
            if file not in self.remembered_files or self._differs(file, sql):
                rows = self.connection.sql(f"{sql} ORDER BY {quote(ID)}").to_arrow_table()
                yield self.memory.name_of(file), rows

    def _differs(self, file: str, sql: str) -> bool:
        cells = ", ".join(quote(name) for name in (ID, *self.columns[file]))
        now, then = f"SELECT {cells} FROM ({sql})", f"SELECT {cells} FROM {old(file)}"
        # Ids are unique: two sets of as many rows are alike where one holds the other.
        found = self.connection.execute(
            f"SELECT (SELECT count(*) FROM ({sql})) <> (SELECT count(*) FROM {old(file)}) "
            f"OR EXISTS ({now} EXCEPT {then})"
        ).fetchall()
        return bool(found[0][0])

    def _extract(self, name: str, table: RosterTable) -> Extract:
        columns = {}
        for column, origin in table.columns.items():
            where = {"from": column} if origin.constant is None else {"constant": origin.constant}
            columns[column] = Source.model_validate(
                {**where, "codes": origin.codes, "missing": origin.missing, "round": origin.round}
            )
        deletes = Deletes(column=DELETED, values=(YES,)) if self._may_delete(table.file) else None
        return Extract(table=name, file=f"{table.file}.csv", columns=columns, deletes=deletes)

    def _may_delete(self, file: str) -> bool:
        if file in self.remembered_files:
            return True
        found = self.connection.execute(f"SELECT 1 FROM {checked(file)} WHERE {DELETED} LIMIT 1")
        return bool(found.fetchall())

    def _text(self, name: str, file: str, digest: str, number: int, *, earlier: bool) -> ExportText:
        return ExportText(
            self.connection,
            file,
            digest,
            name,
            self.tables[name],
            number,
            self.contract.tables[name].key_columns,
            earlier=earlier,
        )

    def _has_earlier(self, name: str) -> bool:
        return bool(
            self.connection.execute(f"SELECT 1 FROM {given(name)} WHERE {EARLIER} LIMIT 1").fetchall()
        )


def take_up(
    contract: Contract,
    declared: OneRoster | None,
    path: Path,
    *,
    received_on: date,
    recall: Recall,
    threads: int = 2,
) -> ExportSource:
    """Read an export and set it against what was remembered of earlier ones.

    Args:
        contract: The network's contract.
        declared: What the network says of OneRoster, if it says anything.
        path: The zip or the folder.
        received_on: The day the export was received.
        recall: Returns what an earlier intake put away under a name.
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
        source = ExportSource(connection, contract, export, tables, columns, read, memory, remembered)
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

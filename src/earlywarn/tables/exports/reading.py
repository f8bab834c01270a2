"""Read the files of an export as text into the engine: the columns that a mapping asks for, and no others.

Grain of `raw:<file>`: one row per record of the file, cells without padding, a missing column as empty text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from earlywarn.tables.conversion import PADDING, literal
from earlywarn.tables.exports.header import header_of
from earlywarn.tables.exports.opening import Export
from earlywarn.tables.expressions import quote
from earlywarn.tables.extracts import Extract
from earlywarn.tables.oneroster import ID, Version, standard
from earlywarn.tables.reading import LINE, Content, open_text

if TYPE_CHECKING:
    import duckdb

STATUS = "status"
Columns = Mapping[str, tuple[str, ...]]


@dataclass
class ReadFile:
    """What reading one file gave, rows apart."""

    name: str
    digest: str = ""
    n_rows: int = 0
    broken: list[tuple[int, str]] = field(default_factory=list)


def raw(file: str) -> str:
    """Return the relation of a file's rows as read."""
    return quote(f"raw:{file}")


def read_files(
    connection: duckdb.DuckDBPyConnection, export: Export, columns: Columns
) -> dict[str, ReadFile]:
    """Read every file that is there and wanted, and make an empty relation of each other one.

    Raises:
        ExtractError: A file cannot be read exactly, or its header is not the specification's.
    """
    read = {}
    for file in columns:
        wanted = (*columns[file], *_older_columns(file, columns, export.manifest.version))
        listed = ", ".join(f"{quote(name)} VARCHAR" for name in (ID, STATUS, *wanted))
        connection.execute(f"CREATE TEMP TABLE {raw(file)} ({listed}, {LINE} BIGINT)")
        if file in export.contents:
            read[file] = _read(
                connection, export.contents[file], file, (ID, STATUS, *wanted), export.manifest.version
            )
    return read


def _older_columns(file: str, columns: Columns, version: Version) -> tuple[str, ...]:
    """Return the columns of version 1.1 that rows of a later file are made from."""
    if version == "1.2":
        return ()
    made = [one for name, one in standard().version_1_1.items() if one.sql and name in columns]
    return tuple(c for one in made for c in one.reads.get(file, ()) if c not in columns[file])


def _read(
    connection: duckdb.DuckDBPyConnection,
    content: Content,
    file: str,
    wanted: tuple[str, ...],
    version: Version,
) -> ReadFile:
    shape = standard().as_written(file, version)
    header = header_of(content, shape or standard().files[file])
    written = {name: standard().written_name(file, name, version) for name in wanted}
    there = {name: column for name, column in written.items() if column in header}
    extract = Extract.model_validate(
        {"table": file, "file": f"{file}.csv", "columns": there, "ignore": ["*"], "encoding": "utf-8"}
    )
    text = open_text(content, extract)
    found = ReadFile(f"{file}.csv")
    padding = literal(PADDING)
    cells = ", ".join(f"trim({quote(there[name])}, {padding})" if name in there else "''" for name in wanted)
    for block in text.blocks():
        connection.register("export_cells", block.cells)
        connection.execute(f"INSERT INTO {raw(file)} SELECT {cells}, {LINE} FROM export_cells")
        connection.unregister("export_cells")
        found.n_rows += block.cells.num_rows
        found.broken += block.quarantined
    found.digest = text.digest
    return found

"""Bring a table's files into the engine: read, convert, and replace the codes that name people."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from earlywarn.tables.contract import Contract, Table
from earlywarn.tables.conversion import REASON, conversion_sql, given_columns, literal
from earlywarn.tables.expressions import quote
from earlywarn.tables.extracts import Extract, Extracts
from earlywarn.tables.ledger import GivenFile
from earlywarn.tables.pseudonyms import pseudonyms
from earlywarn.tables.reading import GivenText, TextBlock, open_texts
from earlywarn.tables.report import MAX_LINES, FileIntake, Reason, file_intake


@dataclass
class Staged:
    """What reading a table's files gave: their numbers, their rows, and the lines that are no rows."""

    files: list[GivenFile] = field(default_factory=list)
    described: list[FileIntake] = field(default_factory=list)
    n_read: int = 0
    n_broken: int = 0
    _broken: dict[tuple[str, str], tuple[int, list[int]]] = field(default_factory=dict)

    def add_block(self, text: GivenText, block: TextBlock) -> None:
        """Count one block's rows."""
        self.n_read += block.n_read
        self.n_broken += len(block.quarantined)
        for line, reason in block.quarantined:
            count, lines = self._broken.setdefault((text.name, reason), (0, []))
            self._broken[text.name, reason] = (count + 1, lines)
            if len(lines) < MAX_LINES:
                lines.append(line)

    def add_file(self, name: str, text: GivenText, number: int) -> None:
        """Count one file, once its last block was taken."""
        self.files.append(GivenFile(number=number, name=text.name, table=name, digest=text.digest))

    @property
    def reasons(self) -> list[Reason]:
        """Return why lines are no rows, by file."""
        return [
            Reason(file, "row", reason, count, tuple(lines))
            for (file, reason), (count, lines) in sorted(self._broken.items())
        ]


def staged_name(name: str) -> str:
    """Return the relation of a table's converted rows."""
    return quote(f"staged:{name}")


def stage_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: Table,
    extracts: Extracts,
    folder: Path,
    *,
    first: int,
) -> Staged:
    """Read every file of a table and convert its rows into `staged:<table>`.

    Raises:
        ExtractError: A file is missing or cannot be read exactly.
    """
    staged = Staged()
    for extract in extracts.extract:
        if extract.table != name:
            continue
        for text in open_texts(extract, folder, first=first + len(staged.files)):
            n_before = staged.n_read
            for block in text.blocks():
                _convert(connection, name, table, extract, text.name, block)
                staged.add_block(text, block)
            staged.add_file(name, text, first + len(staged.files))
            described = file_intake(extract, text.name, text.digest, staged.n_read - n_before)
            staged.described.append(described)
    return staged


def _convert(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: Table,
    extract: Extract,
    file: str,
    block: TextBlock,
) -> None:
    is_pattern = any(mark in extract.file for mark in "*?[")
    row_number = "CAST(_line AS VARCHAR)"
    sql = conversion_sql(
        given_columns(table),
        {column: extract.rule(column) for column in extract.columns},
        raw="raw_cells",
        row_number=f"{literal(file + ':')} || {row_number}" if is_pattern else row_number,
        wide_spaces=block.has_wide_spaces,
    )
    connection.register("raw_cells", block.cells)
    target = staged_name(name)
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {target} AS {sql} LIMIT 0")
    connection.execute(f"INSERT INTO {target} {sql}")
    connection.unregister("raw_cells")


def pseudonymize(connection: duckdb.DuckDBPyConnection, contract: Contract, name: str, *, keys: Path) -> None:
    """Replace the declared codes of `staged:<table>`; the code itself stays only beside names, as `_code`."""
    table = contract.tables[name]
    columns = [n for n, column in table.columns.items() if column.pseudonym]
    target = staged_name(name)
    code = next((n for n in columns if n in table.key_columns), None)
    for column in columns:
        _learn(connection, target, column, keys)
    joins, replaced = "", []
    for index, column in enumerate(columns):
        joins += f" LEFT JOIN pseudonyms p{index} ON s.{quote(column)} = p{index}.code"
        replaced.append(f"p{index}.pseudonym AS {quote(column)}")
    selected = f"s.* REPLACE ({', '.join(replaced)})" if replaced else "s.*"
    if table.identities:
        selected += f", {'s.' + quote(code) if code else 'CAST(NULL AS VARCHAR)'} AS _code"
    elif not replaced:
        return
    connection.execute(f"CREATE TEMP TABLE named AS SELECT {selected} FROM {target} s{joins}")
    connection.execute(f"DROP TABLE {target}")
    connection.execute(f"ALTER TABLE named RENAME TO {target}")


def _learn(connection: duckdb.DuckDBPyConnection, target: str, column: str, keys: Path) -> None:
    """Compute the pseudonyms of codes not met before in this intake."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS pseudonyms (code VARCHAR, pseudonym VARCHAR)")
    codes = [
        str(row[0])
        for row in connection.execute(
            f"SELECT DISTINCT {quote(column)} AS code FROM {target} "
            f"WHERE {quote(column)} IS NOT NULL AND {REASON} IS NULL "
            f"AND {quote(column)} NOT IN (SELECT code FROM pseudonyms)"
        ).fetchall()
    ]
    if codes:
        learned = pa.table({"code": codes, "pseudonym": pseudonyms(codes, keys=keys)})
        connection.register("learned", learned)
        connection.execute("INSERT INTO pseudonyms SELECT code, pseudonym FROM learned")
        connection.unregister("learned")

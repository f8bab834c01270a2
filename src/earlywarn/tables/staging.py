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
from earlywarn.tables.reading import FileText, find_files, read_file
from earlywarn.tables.report import MAX_LINES, Reason


@dataclass
class Staged:
    """What reading a table's files gave: their numbers, their rows, and the lines that are no rows."""

    files: list[GivenFile] = field(default_factory=list)
    n_read: int = 0
    n_broken: int = 0
    reasons: list[Reason] = field(default_factory=list)

    def add(self, name: str, text: FileText, number: int) -> None:
        """Count one file."""
        self.files.append(GivenFile(number=number, name=text.name, table=name, digest=text.digest))
        self.n_read += text.n_read
        self.n_broken += len(text.quarantined)
        by_reason: dict[str, list[int]] = {}
        for line, reason in text.quarantined:
            by_reason.setdefault(reason, []).append(line)
        self.reasons += [
            Reason(text.name, "row", reason, len(lines), tuple(lines[:MAX_LINES]))
            for reason, lines in sorted(by_reason.items())
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
        for path in find_files(extract, folder):
            number = first + len(staged.files)
            text = read_file(path, extract, number=number)
            _convert(connection, name, table, extract, text)
            staged.add(name, text, number)
    return staged


def _convert(
    connection: duckdb.DuckDBPyConnection, name: str, table: Table, extract: Extract, text: FileText
) -> None:
    is_pattern = any(mark in extract.file for mark in "*?[")
    row_number = "CAST(_line AS VARCHAR)"
    sql = conversion_sql(
        given_columns(table),
        {column: extract.rule(column) for column in extract.columns},
        raw="raw_cells",
        row_number=f"{literal(text.name + ':')} || {row_number}" if is_pattern else row_number,
        wide_spaces=text.has_wide_spaces,
    )
    connection.register("raw_cells", text.cells)
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

"""Judge the rows of an export's file: which can be used, which wait and why, which only repeat another.

Grain of `checked:<file>`: one row per record, with `_reason` where it waits, `_repeated` and `_deleted`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from earlywarn.tables.conversion import REASON, literal
from earlywarn.tables.exports.manifest import Mode
from earlywarn.tables.exports.reading import STATUS, raw
from earlywarn.tables.expressions import quote
from earlywarn.tables.oneroster import ID
from earlywarn.tables.reading import LINE
from earlywarn.tables.resolution import DELETED

_LONGEST_ID = 255
_TO_BE_DELETED = "tobedeleted"
_ID_COLUMN = quote(ID)


def checked(file: str) -> str:
    """Return the relation of a file's judged rows."""
    return quote(f"checked:{file}")


def usable(file: str) -> str:
    """Return a subquery of the rows that can be used."""
    return f"(SELECT * FROM {checked(file)} WHERE {REASON} IS NULL AND NOT _repeated)"


def check_rows(
    connection: duckdb.DuckDBPyConnection,
    file: str,
    mode: Mode,
    *,
    columns: Sequence[str],
    required: Sequence[str],
) -> None:
    """Judge the rows of `raw:<file>`.

    Args:
        connection: The engine.
        file: The file.
        mode: How the manifest declares it.
        columns: The columns that were read, by which two rows of one id are compared.
        required: Those of them that no row that stays may leave empty.
    """
    cases = " ".join(f"WHEN {wrong} THEN {literal(reason)}" for wrong, reason in _wrong(mode, required))
    judged = (
        f"SELECT *, CASE {cases} END AS {REASON}, {STATUS} = '{_TO_BE_DELETED}' AS {DELETED} FROM {raw(file)}"
    )
    if not _has_repeats(connection, file):
        sql = f"SELECT *, FALSE AS _repeated FROM ({judged})"
        connection.execute(f"CREATE TEMP VIEW {checked(file)} AS {sql}")
        return
    forms = ", ".join(quote(name) for name in (STATUS, *columns))
    sql = (
        f"SELECT j.* REPLACE (coalesce(j.{REASON}, CASE WHEN r.n_forms > 1 "
        f"THEN '{ID}:conflicting_key' END) AS {REASON}), "
        f"j.{REASON} IS NULL AND coalesce(r.n_forms = 1 AND j.{LINE} > r.first_line, FALSE) AS _repeated "
        f"FROM judged j LEFT JOIN (SELECT {_ID_COLUMN}, count(DISTINCT row({forms})) AS n_forms, "
        f"min({LINE}) AS first_line FROM judged WHERE {REASON} IS NULL "
        f"GROUP BY 1 HAVING count(*) > 1) r USING ({_ID_COLUMN})"
    )
    connection.execute(f"CREATE TEMP TABLE {checked(file)} AS WITH judged AS ({judged}) {sql}")


def _wrong(mode: Mode, required: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield f"{_ID_COLUMN} = '{ID}' AND {STATUS} = '{STATUS}'", "row:repeated_header"
    yield f"{_ID_COLUMN} = ''", f"{ID}:missing"
    yield f"length({_ID_COLUMN}) > {_LONGEST_ID}", f"{ID}:too_long"
    if mode == "delta":
        yield f"{STATUS} = ''", f"{STATUS}:missing"
    yield f"{STATUS} NOT IN ('', 'active', '{_TO_BE_DELETED}')", f"{STATUS}:not_allowed"
    for name in required:
        yield f"{quote(name)} = '' AND {STATUS} <> '{_TO_BE_DELETED}'", f"{name}:missing"


def _has_repeats(connection: duckdb.DuckDBPyConnection, file: str) -> bool:
    # As many hashes as rows: no two ids can be alike.
    found = connection.execute(
        f"SELECT count(*) > count(DISTINCT hash({_ID_COLUMN})) FROM {raw(file)}"
    ).fetchall()
    return bool(found[0][0])

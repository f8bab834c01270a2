"""Put together what an export's files hold now and what was remembered, with the computed columns.

Grain of `now:<file>` and `before:<file>`: one row per `sourcedId`. `_given` says that this export gives the
row, `_deleted` that it is to be deleted; a row so marked can still be referred to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import duckdb

from earlywarn.tables.exports.checking import usable
from earlywarn.tables.exports.memory import old
from earlywarn.tables.exports.reading import STATUS, Columns, raw
from earlywarn.tables.expressions import quote
from earlywarn.tables.oneroster import ID, standard
from earlywarn.tables.reading import LINE
from earlywarn.tables.resolution import DELETED

Era = Literal["now", "before"]
GIVEN = "_given"
_IS_STUDENT = (
    'b."sourcedId" IN (SELECT "userSourcedId" FROM "now:roles:base" '
    f"WHERE role = 'student' AND NOT {DELETED})"
)


def full(era: Era, file: str) -> str:
    """Return the relation of a file's rows with their computed columns."""
    return quote(f"{era}:{file}")


def make_before(connection: duckdb.DuckDBPyConnection, file: str) -> None:
    """Make the rows remembered of a file, without computed columns yet."""
    connection.execute(
        f"CREATE TEMP VIEW {_base('before', file)} AS "
        f"SELECT *, FALSE AS {DELETED}, FALSE AS {GIVEN} FROM {old(file)}"
    )


def make_now(
    connection: duckdb.DuckDBPyConnection,
    file: str,
    columns: Sequence[str],
    *,
    with_remembered: bool,
    made_from: str | None = None,
) -> None:
    """Make the rows that hold now: those the export gives, over those remembered where these still hold.

    `made_from` is the column that names the row of `users` that a row of version 1.1 was made from: all rows
    of a user are made anew.
    """
    cells = ", ".join(quote(name) for name in (ID, *columns))
    given = f"SELECT {cells}, {LINE}, {DELETED}, TRUE AS {GIVEN} FROM {usable(file)}"
    base = _base("now", file)
    if not with_remembered:
        connection.execute(f"CREATE TEMP VIEW {base} AS {given}")
        return
    connection.execute(
        f"CREATE TEMP TABLE {base} AS {given} UNION ALL SELECT {cells}, {LINE}, FALSE, FALSE "
        f"FROM {old(file)} o WHERE {_untouched(file, made_from)}"
    )


def _untouched(file: str, made_from: str | None) -> str:
    untouched = f"o.{quote(ID)} NOT IN (SELECT {quote(ID)} FROM {usable(file)})"
    if made_from is None:
        return untouched
    return f"{untouched} AND o.{quote(made_from)} NOT IN (SELECT {quote(ID)} FROM {usable('users')})"


def make_derived(connection: duckdb.DuckDBPyConnection, file: str, columns: Sequence[str]) -> None:
    """Fill `raw:<file>` from the files of version 1.1 that hold its facts."""
    sql = standard().version_1_1[file].sql
    relations = {"users": usable("users"), "orgs": _base("now", "orgs")}
    names = ", ".join(quote(name) for name in (ID, STATUS, *columns))
    connection.execute(f"INSERT INTO {raw(file)} SELECT {names}, {LINE} FROM ({sql.format(**relations)})")


def make_computed(
    connection: duckdb.DuckDBPyConnection, era: Era, columns: Columns, computed: Columns
) -> None:
    """Add the computed columns to every file of an era."""
    standing = {file: f"(SELECT * FROM {_base(era, file)} WHERE NOT {DELETED})" for file in standard().files}
    for file in columns:
        joins, added = "", ""
        for one in standard().computed_of(file):
            if one.column not in computed.get(file, ()):
                continue
            name, column = quote(f"{era}:{file}:{one.column}"), quote(one.column)
            connection.execute(f"CREATE TEMP TABLE {name} AS {one.sql.format(**standing)}")
            joins += f" LEFT JOIN {name} USING ({quote(ID)})"
            added += f", coalesce({name}.{column}, '') AS {column}"
        base = _base(era, file)
        connection.execute(f"CREATE TEMP VIEW {full(era, file)} AS SELECT {base}.*{added} FROM {base}{joins}")


def remembered_sql(file: str, columns: Sequence[str]) -> str:
    """Return the statement of the rows of a file to remember: those that stand, names for students alone."""
    names = standard().files[file].names
    cells = [
        f"CASE WHEN {_IS_STUDENT} THEN b.{quote(name)} ELSE '' END AS {quote(name)}"
        if name in names
        else f"b.{quote(name)}"
        for name in (ID, *columns)
    ]
    return f"SELECT {', '.join(cells)}, b.{LINE}, b.{GIVEN} FROM {_base('now', file)} b WHERE NOT b.{DELETED}"


def _base(era: Era, file: str) -> str:
    return quote(f"{era}:{file}:base")

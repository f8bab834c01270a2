"""Account for every row of an export's file: it is new, other, the same, waits or repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from earlywarn.tables.conversion import REASON, SHAPE
from earlywarn.tables.exports.checking import checked, usable
from earlywarn.tables.exports.memory import old
from earlywarn.tables.exports.reading import ReadFile
from earlywarn.tables.exports.relations import GIVEN, remembered_sql
from earlywarn.tables.expressions import quote
from earlywarn.tables.oneroster import ID
from earlywarn.tables.reading import FILE, LINE
from earlywarn.tables.report import MAX_LINES, Reason, TableIntake, counted_reasons
from earlywarn.tables.resolution import DELETED

if TYPE_CHECKING:
    import duckdb


def counted(
    connection: duckdb.DuckDBPyConnection, file: str, read: ReadFile, columns: Sequence[str]
) -> TableIntake:
    """Return where each row of a file went, compared with what was remembered of the file."""
    n_repeated = _count(connection, f"{checked(file)} WHERE {REASON} IS NULL AND _repeated")
    id_ = quote(ID)
    same = " AND ".join(f"r.{quote(name)} = o.{quote(name)}" for name in columns) or "TRUE"
    found = connection.execute(
        f"SELECT count(*) FILTER (o.{id_} IS NULL), count(*) FILTER (o.{id_} IS NOT NULL AND {same}), "
        f"count(*) FROM ({remembered_sql(file, columns)}) r LEFT JOIN {old(file)} o ON o.{id_} = r.{id_} "
        f"WHERE r.{GIVEN}"
    ).fetchall()
    n_new, n_same, n_given = found[0]
    deleted = f"{usable(file)} WHERE {DELETED}"
    n_deleted = _count(connection, f"(SELECT * FROM {deleted}) SEMI JOIN {old(file)} USING ({id_})")
    n_unknown = _count(connection, deleted) - n_deleted
    reasons = _reasons(connection, file, read)
    return TableIntake(
        table=read.name,
        n_read=read.n_rows + len(read.broken),
        n_new=int(n_new),
        n_superseding=int(n_given - n_new - n_same),
        n_unchanged=int(n_same) + n_unknown,
        n_quarantined=sum(reason.n_rows for reason in reasons),
        n_duplicates=n_repeated,
        n_deleted=n_deleted,
        reasons=reasons,
    )


def _reasons(connection: duckdb.DuckDBPyConnection, file: str, read: ReadFile) -> tuple[Reason, ...]:
    lines: dict[tuple[str, str], list[int]] = {}
    for line, reason in read.broken:
        lines.setdefault(("row", reason), []).append(line)
    reasons = [
        Reason(read.name, column, reason, len(found), tuple(found[:MAX_LINES]))
        for (column, reason), found in sorted(lines.items())
    ]
    rows = f"SELECT 0 AS {FILE}, {LINE}, {REASON}, CAST(NULL AS VARCHAR) AS {SHAPE} FROM {checked(file)}"
    for held in counted_reasons(connection, f"({rows})"):
        column, _, code = held.reason.partition(":")
        reasons.append(Reason(read.name, column, code, held.n_rows, held.lines))
    return tuple(reasons)


def _count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0])

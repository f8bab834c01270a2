"""Count why rows of a resolved relation wait, with their lines and the shapes of what was found there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from earlywarn.tables.report.counts import MAX_EXAMPLES, MAX_LINES

if TYPE_CHECKING:
    import duckdb

_REASON, _SHAPE = "_reason", "_shape"


@dataclass(frozen=True)
class Held:
    """Rows of one file that wait for one reason: how many, their first lines, and how often which shape."""

    file: int
    reason: str
    n_rows: int
    lines: tuple[int, ...]
    shapes: tuple[tuple[str, int], ...] = ()


def counted_reasons(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Held]:
    """Yield why rows of a relation wait, by file and reason.

    Args:
        connection: The engine that holds the relation.
        relation: Its name or a subquery; it has `_file`, `_line`, `_reason` and `_shape`.
    """
    for file, reason, n_rows, lines, shapes in connection.execute(_counting_sql(relation)).fetchall():
        frequent = tuple((str(one["shape"]), int(one["n"])) for one in shapes or ())
        yield Held(int(file), str(reason), int(n_rows), tuple(lines), frequent)


def most_frequent(shapes: dict[str, int]) -> tuple[str, ...]:
    """Return the shapes that a report shows, the most frequent first.

    >>> most_frequent({"AA": 1, "99/99": 3, "9": 1})
    ('99/99', '9', 'AA')
    """
    return tuple(sorted(shapes, key=lambda shape: (-shapes[shape], shape))[:MAX_EXAMPLES])


def _counting_sql(relation: str) -> str:
    # Only the first lines of each group are kept on the way, so that a wholly wrong file costs no memory.
    shape = f"struct_pack(shape := {_SHAPE}, n := n)"
    return (
        f"WITH held AS (SELECT _file, {_REASON}, {_SHAPE}, count(*) AS n, min(_line, {MAX_LINES}) AS lines "
        f"FROM {relation} WHERE {_REASON} IS NOT NULL GROUP BY ALL) "
        f"SELECT _file, {_REASON}, sum(n), list_sort(flatten(list(lines)))[1:{MAX_LINES}], "
        f"(list({shape} ORDER BY n DESC, {_SHAPE}) FILTER (WHERE {_SHAPE} IS NOT NULL))[1:{MAX_EXAMPLES}] "
        f"FROM held GROUP BY _file, {_REASON} ORDER BY _file, {_REASON}"
    )

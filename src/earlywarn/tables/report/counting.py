"""Count why rows of a settled relation wait, with the lines and the shapes of what was found there."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from earlywarn.tables.report.counts import MAX_EXAMPLES, MAX_LINES, Reason

_REASON, _SHAPE = "_reason", "_shape"


def counted_reasons(
    connection: duckdb.DuckDBPyConnection, relation: str, files: Mapping[int, str]
) -> list[Reason]:
    """Return the reasons of a relation's quarantined rows, by file, column and reason.

    Args:
        connection: The engine that holds the relation.
        relation: Its quoted name; it has `_file`, `_line`, `_reason` and `_shape`.
        files: The name of each file, by its number.
    """
    found = connection.execute(_counting_sql(relation)).fetchall()
    reasons = []
    for number, held_back, n_rows, lines, examples in found:
        column, _, code = str(held_back).partition(":")
        shapes = tuple(str(shape) for shape in examples or ())
        reasons.append(Reason(files[number], column, code, int(n_rows), tuple(lines), shapes))
    return reasons


def _counting_sql(relation: str) -> str:
    # Only the first lines of each group are kept on the way, so that a wholly wrong file costs no memory.
    return (
        f"WITH held AS (SELECT _file, {_REASON}, {_SHAPE}, count(*) AS n, min(_line, {MAX_LINES}) AS lines "
        f"FROM {relation} WHERE {_REASON} IS NOT NULL GROUP BY ALL) "
        f"SELECT _file, {_REASON}, sum(n), list_sort(flatten(list(lines)))[1:{MAX_LINES}], "
        f"(list({_SHAPE} ORDER BY n DESC, {_SHAPE}) FILTER (WHERE {_SHAPE} IS NOT NULL))[1:{MAX_EXAMPLES}] "
        f"FROM held GROUP BY _file, {_REASON} ORDER BY _file, {_REASON}"
    )

"""The shape of a cell that broke a rule: what kinds of signs stand where, never which.

A letter is written A and a digit 9, so that `31/02/2024` is seen as `99/99/9999` and nobody's value is shown.
Only dates, numbers and declared codes have a shape; an id, a name or a free text has none.
"""

from __future__ import annotations

from earlywarn.tables.contract import Column

LONGEST = 20
_SHAPED = frozenset({"date", "day_offset", "number", "integer", "boolean", "category"})


def has_shape(column: Column) -> bool:
    """Say whether the shape of a column's cells may be shown."""
    return column.type in _SHAPED and not column.pseudonym


def shape_sql(text: str) -> str:
    r"""Return the SQL of the shape of a text.

    >>> import duckdb
    >>> duckdb.sql("SELECT " + shape_sql("'1 234,5 é?'")).fetchall()
    [('9 999,9 A?',)]
    """
    # Letters first: the A that replaces them is no digit. What is neither sign nor space is not shown.
    shown = f"left({text}, {LONGEST})"
    for signs, stand_in in ((r"[\p{L}\p{M}]", "A"), (r"\p{N}", "9"), (r"[^\p{L}\p{N}\p{P}\p{S}\p{Zs}]", "·")):
        shown = f"regexp_replace({shown}, '{signs}', '{stand_in}', 'g')"
    return f"{shown} || CASE WHEN length({text}) > {LONGEST} THEN '…' ELSE '' END"

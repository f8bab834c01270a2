"""The as-of rule: what a day could know. The one place where a date is compared with an as-of date.

A row is known on D when it became visible before D and no later version of it had become visible before D.
A column revealed later than its row is known on D when its own day lies before D. Both comparisons are
strict: what became known on D itself is not known on D. Nothing else in the project may write these
comparisons, but for `replay.py`, which checks them (docs/decisions/0017).
"""

from __future__ import annotations

from collections.abc import Mapping

from earlywarn.tables import Contract, quote


def row_is_known(row: str, as_of: str) -> str:
    """Return the SQL condition that a version of a row was what a day could know.

    >>> print(row_is_known("absence", "pair._as_of"))
    absence.visible_from < pair._as_of
      AND (absence.superseded_on IS NULL OR absence.superseded_on >= pair._as_of)
    """
    return (
        f"{row}.visible_from < {as_of}\n  AND ({row}.superseded_on IS NULL OR {row}.superseded_on >= {as_of})"
    )


def row_is_seen(contract: Contract, row: str, as_of: str) -> str:
    """Return the SQL condition that a version of a row may be looked at.

    Where a network has days, that is what the day could know. Where it has stages instead, a correction
    cannot be placed among them: every stage sees the rows as they now stand, and a column waits for its
    stage.
    """
    return row_is_known(row, as_of) if contract.network.has_dates else f"{row}.superseded_on IS NULL"


def known_column(row: str, column: str, as_of: str, reveals: Mapping[str, str]) -> str:
    """Return the SQL of a column as a day could know it: empty until the day that reveals it.

    Args:
        row: The alias of the row's table.
        column: The column's name.
        as_of: SQL of the as-of date.
        reveals: For each column revealed later than its row, SQL of the day it is known on.

    >>> known_column("stay", "exit_type", "pair._as_of", {"exit_type": '"left_on"'})
    'CASE WHEN stay."left_on" < pair._as_of THEN stay."exit_type" END'
    """
    revealed_on = reveals.get(column)
    if revealed_on is None:
        return f"{row}.{quote(column)}"
    day = f"{row}.{revealed_on}" if revealed_on.startswith('"') else revealed_on
    return f"CASE WHEN {day} < {as_of} THEN {row}.{quote(column)} END"


def is_there(starts_on: str, left_on: str, as_of: str) -> str:
    """Return the SQL condition that a unit had started and, for all that is known, had not left."""
    return f"{starts_on} < {as_of} AND ({left_on} IS NULL OR {left_on} >= {as_of})"


def days_before(day: str, as_of: str) -> str:
    """Return the SQL of how many days before the as-of date a day lies: 1 is the last day that counts."""
    return f"({as_of} - {day})"


def snapshot_is_past(snapshot: str, as_of: str) -> str:
    """Return the SQL condition that a kept peer snapshot is of the as-of date or before.

    A snapshot of D holds only what was known on D, so that D itself may use it.
    """
    return f"{snapshot} <= {as_of}"

"""Write figures and tables of a quality sheet as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Sheet = dict[str, Any]
"""A quality sheet as read back from `backtest.json`."""


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align columns with spaces.

    >>> print(text_table(("a", "b"), [("1", "22")]))
    a  b
    1  22
    """
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in [header, *rows]]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def number(value: float | None, places: int = 3) -> str:
    """Write a number, or a dash where it cannot be told."""
    return "-" if value is None else f"{value:.{places}f}"


def figure(one: Sheet, places: int = 3) -> str:
    """Write a number with its interval."""
    if one.get("low") is None:
        return number(one["value"], places)
    return f"{number(one['value'], places)} [{number(one['low'], places)}, {number(one['high'], places)}]"


def signed(one: Sheet, places: int = 3) -> str:
    """Write a difference with its sign and interval."""
    if one["value"] is None:
        return "-"
    if one.get("low") is None:
        return f"{one['value']:+.{places}f}"
    return f"{one['value']:+.{places}f} [{one['low']:+.{places}f}, {one['high']:+.{places}f}]"

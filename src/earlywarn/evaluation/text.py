"""Write figures and tables of a quality sheet as text, in the language of whoever reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earlywarn.domain import Language

Sheet = dict[str, Any]
"""A quality sheet as read back from `backtest.json`."""


def chosen_of(lead: Sheet) -> Sheet:
    """Return what a back-test says of the candidate that was chosen."""
    found: Sheet = next(one for one in lead["candidates"] if one["name"] == lead["chosen"])
    return found


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align columns with spaces.

    >>> print(text_table(("a", "b"), [("1", "22")]))
    a  b
    1  22
    """
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in [header, *rows]]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def number(value: float | None, places: int = 3, *, language: Language = "en") -> str:
    """Write a number with all its places, or a dash where it cannot be told.

    >>> number(0.75, language="fr"), number(None)
    ('0,750', '-')
    """
    return _written(value, f".{places}f", language)


def figure(one: Mapping[str, Any], places: int = 3, *, language: Language = "en") -> str:
    r"""Write a number with its interval; French parts the ends by a semicolon, as it has a decimal comma.

    >>> figure({"value": 0.75, "low": 0.7, "high": 0.8}, language="fr")
    '0,750 [0,700\xa0; 0,800]'
    """
    return _with_ends(one, f".{places}f", language)


def signed(one: Mapping[str, Any], places: int = 3, *, language: Language = "en") -> str:
    """Write a difference with its sign and interval.

    >>> signed({"value": 0.01, "low": -0.02, "high": 0.04})
    '+0.010 [-0.020, +0.040]'
    """
    return _with_ends(one, f"+.{places}f", language)


def _with_ends(one: Mapping[str, Any], form: str, language: Language) -> str:
    value, low, high = (_written(one.get(key), form, language) for key in ("value", "low", "high"))
    parting = "\u00a0; " if language == "fr" else ", "
    return value if "-" in (value, low) else f"{value} [{low}{parting}{high}]"


def _written(value: float | None, form: str, language: Language) -> str:
    if value is None:
        return "-"
    text = f"{value:{form}}"
    return text.replace(".", ",") if language == "fr" else text

"""Write figures, intervals and verdicts as each language does, and as cells of a card's tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earlywarn.domain import Language
from earlywarn.paper import Cell, Strip, write_number

Figure = Mapping[str, Any]
"""A figure as read back from `backtest.json`: value, low, high."""


def number(value: float | None, language: Language, places: int = 3) -> str:
    r"""Write a number with all its places, or a dash where it cannot be told.

    >>> number(0.75, "fr"), number(None, "en")
    ('0,750', '-')
    """
    if value is None:
        return "-"
    text = f"{value:.{places}f}"
    return text.replace(".", ",") if language == "fr" else text


def figure(one: Figure, language: Language, places: int = 3, *, signed: bool = False) -> str:
    r"""Write a figure with its interval; French parts its ends by a semicolon, since it has a decimal comma.

    >>> figure({"value": 0.75, "low": 0.7, "high": 0.8}, "fr")
    '0,750 [0,700\xa0; 0,800]'
    >>> figure({"value": 0.01, "low": -0.02, "high": 0.04}, "en", signed=True)
    '+0.010 [-0.020, +0.040]'
    """

    def one_number(value: float | None) -> str:
        sign = "+" if signed and value is not None and value >= 0 else ""
        return sign + number(value, language, places)

    if one.get("value") is None:
        return "-"
    if one.get("low") is None:
        return one_number(one["value"])
    gap = "\u00a0; " if language == "fr" else ", "
    return f"{one_number(one['value'])} [{one_number(one['low'])}{gap}{one_number(one['high'])}]"


def count_cell(n: int, language: Language) -> Cell:
    """Return a cell that counts."""
    return Cell(write_number(n, language))


def figure_cell(
    one: Figure,
    language: Language,
    places: int = 3,
    *,
    signed: bool = False,
    scale: tuple[float, float] | None = None,
) -> Cell:
    """Return a cell that holds a figure; with a scale, its interval is drawn on it, too."""
    value, _, ends = figure(one, language, places, signed=signed).partition(" ")
    return Cell(value, note=ends, strip=_strip(one, scale))


def number_cell(value: float | None, language: Language, places: int = 3) -> Cell:
    """Return a cell that holds a number."""
    return Cell(number(value, language, places))


def word_cell(text: str) -> Cell:
    """Return a cell of words."""
    return Cell(text, is_number=False)


def verdict_cell(verdict: str, text: str) -> Cell:
    """Return a cell that holds a verdict: its mark repeats what the words say."""
    marks: dict[str, Any] = {"outside": "warn", "worse": "warn", "wider": "warn", "cannot tell": "unknown"}
    return Cell(text, mark=marks.get(verdict, ""), is_number=False)


def _strip(one: Figure, scale: tuple[float, float] | None) -> Strip | None:
    if scale is None or one.get("low") is None:
        return None
    low, high = scale
    low_end, middle, high_end = (
        100 * (min(max(float(one[key]), low), high) - low) / (high - low) for key in ("low", "value", "high")
    )
    return Strip(low_end, middle, high_end, own=None)

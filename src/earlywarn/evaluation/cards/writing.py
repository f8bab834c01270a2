"""Write figures, intervals and verdicts as each language does, and as cells of a card's tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earlywarn.domain import Language
from earlywarn.evaluation import text
from earlywarn.paper import Cell, Strip, write_number


def count_cell(n: int, language: Language) -> Cell:
    """Return a cell that counts."""
    return Cell(write_number(n, language))


def figure_cell(
    one: Mapping[str, Any],
    language: Language,
    places: int = 3,
    *,
    signed: bool = False,
    scale: tuple[float, float] | None = None,
) -> Cell:
    """Return a cell that holds a figure; with a scale, its interval is drawn on it, too."""
    write = text.signed if signed else text.figure
    value, _, ends = write(one, places, language=language).partition(" ")
    return Cell(value, note=ends, strip=_strip(one, scale))


def number_cell(value: float | None, language: Language, places: int = 3) -> Cell:
    """Return a cell that holds a number."""
    return Cell(text.number(value, places, language=language))


def verdict_cell(verdict: str, said: str) -> Cell:
    """Return a cell that holds a verdict: its mark repeats what the words say."""
    marks: dict[str, Any] = {"outside": "warn", "worse": "warn", "wider": "warn", "cannot tell": "unknown"}
    return Cell(said, mark=marks.get(verdict, ""), is_number=False)


def _strip(one: Mapping[str, Any], scale: tuple[float, float] | None) -> Strip | None:
    if scale is None or one.get("low") is None:
        return None
    low, high = scale
    low_end, middle, high_end = (
        100 * (min(max(float(one[key]), low), high) - low) / (high - low) for key in ("low", "value", "high")
    )
    return Strip(low_end, middle, high_end, own=None)

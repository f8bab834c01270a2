"""Tell a header from a row of data, and say what a header leaves open. Shows no cell that may be data."""

from __future__ import annotations

import re
from collections.abc import Sequence

from earlywarn.tables.inspection.doubts import Doubt

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_CERTAIN_DATA = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}( .*)?|[A-Za-z]{4}\d{8}|\S+@\S+\.\S+")


def looks_like_data(header: Sequence[str]) -> bool:
    """Say whether a first line is more likely a row: it holds a day, a code of a person, or mostly numbers.

    >>> looks_like_data(["Code", "Date", "2024-2025"]), looks_like_data(["TREA12345678", "x"])
    (False, True)
    """
    filled = [cell for cell in header if cell]
    n_numbers = sum(bool(_NUMBER.fullmatch(cell)) for cell in filled)
    return any(_CERTAIN_DATA.fullmatch(cell) for cell in filled) or 2 * n_numbers > len(filled) > 0


def header_doubts(header: Sequence[str]) -> list[Doubt]:
    """Return what has to be mended in a header before its columns can be told apart."""
    doubts = []
    if repeated := sorted({cell for cell in header if cell and header.count(cell) > 1}):
        doubts.append(Doubt("repeated_columns", columns=", ".join(f"'{name[:40]}'" for name in repeated)))
    if any(not cell for cell in header[:-1]):
        doubts.append(Doubt("unnamed_columns", n=str(sum(not cell for cell in header))))
    return doubts

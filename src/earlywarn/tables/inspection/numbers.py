"""Tell how numbers are written: the decimal mark, what stands between thousands, how many places."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from earlywarn.tables.inspection.doubts import Doubt

_WHOLE = re.compile(r"[+-]?\d{1,18}")
_SHAPES = {mark: re.compile(rf"[+-]?\d{{1,15}}[{mark}]\d+") for mark in ".,"}
_GROUPED = re.compile(
    r"[+-]?\d{1,3}(?P<between>[ \u00a0\u202f.,])\d{3}((?P=between)\d{3})*(?P<rest>[.,]\d+)?"
)
_OPEN = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_SPACES = " \u00a0\u202f"
_MOST_PLACES, _KEPT_PLACES, _SLIPS = 9, 4, 0.005


@dataclass(frozen=True)
class Numbers:
    """How the numbers of a column are written; `share` is the share of its cells that are numbers.

    `low` and `high` are its usual ends.
    """

    share: float
    decimal: str | None = None
    thousands: str = ""
    places: int = 0
    is_rounded: bool = False
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    doubts: tuple[Doubt, ...] = ()


NO_NUMBERS = Numbers(0.0)


def numbers_of(counts: Mapping[str, int]) -> Numbers:
    """Return how the texts of a column, each given with how often it stands there, are written as numbers.

    >>> found = numbers_of({"1 234,5": 1, "7": 9, "0,25": 1})
    >>> found.share, found.decimal, found.thousands, found.places
    (1.0, ',', ' ', 2)
    """
    decimal, is_open = _decimal(counts)
    thousands = _thousands(counts, decimal)
    read = {t: value for t in counts if (value := _value(t, decimal, thousands)) is not None}
    if not read:
        return NO_NUMBERS
    places = max(map(_places, read.values()))
    doubts = [Doubt("mark_or_thousands")] if is_open else []
    if places > _MOST_PLACES:
        doubts.append(Doubt("many_places", places=str(_KEPT_PLACES)))
    return Numbers(
        share=sum(counts[text] for text in read) / sum(counts.values()),
        decimal=decimal,
        thousands=thousands,
        places=min(places, _KEPT_PLACES) if places > _MOST_PLACES else places,
        is_rounded=places > _MOST_PLACES,
        low=_usual(read, counts, is_high=False),
        high=_usual(read, counts, is_high=True),
        doubts=tuple(doubts),
    )


def _usual(read: Mapping[str, Decimal], counts: Mapping[str, int], *, is_high: bool) -> Decimal:
    """Return the lowest or the highest value, a few slips left apart."""
    left = _SLIPS * sum(counts[text] for text in read)
    for text in sorted(read, key=lambda text: read[text], reverse=is_high):
        left -= counts[text]
        if left <= 0:
            return read[text]
    return Decimal(0)


def _decimal(texts: Collection[str]) -> tuple[str | None, bool]:
    """Return the decimal mark, and whether it could as well stand between thousands: 1,234 says nothing."""
    clear, unclear = dict.fromkeys(".,", 0), dict.fromkeys(".,", 0)
    for text in texts:
        grouped = _GROUPED.fullmatch(text)
        if grouped and grouped["rest"]:
            clear[grouped["rest"][0]] += 1
        elif grouped and text.count(grouped["between"]) > 1 and grouped["between"] in clear:
            clear[{".": ",", ",": "."}[grouped["between"]]] += 1
        elif _OPEN.fullmatch(text):
            unclear["." if "." in text else ","] += 1
        else:
            for mark, shape in _SHAPES.items():
                clear[mark] += bool(shape.fullmatch(text))
    if any(clear.values()):
        return max(clear, key=lambda mark: clear[mark]), False
    if any(unclear.values()):
        return max(unclear, key=lambda mark: unclear[mark]), True
    return None, False


def _thousands(texts: Collection[str], decimal: str | None) -> str:
    found = {match["between"] for text in texts if (match := _GROUPED.fullmatch(text))}
    if any(space in found for space in _SPACES):
        return " "
    return next((mark for mark in ".," if mark in found and decimal not in (None, mark)), "")


def _value(text: str, decimal: str | None, thousands: str) -> Decimal | None:
    if _WHOLE.fullmatch(text):
        return Decimal(text)
    grouped = _GROUPED.fullmatch(text)
    if thousands and grouped and grouped["between"] in (_SPACES if thousands == " " else thousands):
        rest = grouped["rest"] or ""
        if rest and rest[0] != decimal:
            return None
        whole = text.removesuffix(rest).replace(grouped["between"], "")
        return Decimal(whole + rest.replace(",", "."))
    if decimal is not None and _SHAPES[decimal].fullmatch(text):
        return Decimal(text.replace(",", "."))
    return None


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0

"""Tell in which formats days are written; where day and month cannot be told apart, none is picked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from earlywarn.tables.inspection.doubts import Doubt

_MIDNIGHTS = ("", " 00:00", " 00:00:00", " 00:00:00.000", " 00:00:00.000000", "T00:00:00", "T00:00:00Z")
_TIMES = (" %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M:%SZ")
_ORDERS = (
    *(f"%Y{mark}%m{mark}%d" for mark in "-/."),
    *(f"%d{mark}%m{mark}%Y" for mark in "/-."),
    *(f"%m{mark}%d{mark}%Y" for mark in "/-."),
    *(f"%d{mark}%m{mark}%y" for mark in "/-."),
    *(f"%m{mark}%d{mark}%y" for mark in "/-."),
    *(f"%y{mark}%m{mark}%d" for mark in "/-."),
    "%Y%m%d",
)
_FORMATS = tuple(order + time for order in _ORDERS for time in (*_MIDNIGHTS, *_TIMES))
_ORDER = len("%d/%m/%Y")
_DIGIT = re.compile(r"\d")
_LOOKED_AT = 2_000
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


@dataclass(frozen=True)
class Dates:
    """The formats that read a column; `share` is the share of its cells that the first of them reads."""

    share: float
    formats: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()


NO_DATES = Dates(0.0)


def dates_of(counts: Mapping[str, int], *, enough: float) -> Dates:
    """Return the formats that read the texts of a column, each given with how often it stands there.

    Several are given only where they could read the texts as different days and nothing tells which is meant:
    declared together, an intake takes the days that they agree on and holds the others back.

    >>> dates_of({"31/12/2024": 1, "01/02/2025": 1}, enough=0.98).formats
    ('%d/%m/%Y',)
    >>> dates_of({"03/04/2025": 9}, enough=0.98).formats
    ('%d/%m/%Y', '%m/%d/%Y')
    """
    looked_at = sorted(counts)[:: len(counts) // _LOOKED_AT + 1]
    n_cells = sum(counts[text] for text in looked_at)
    shapes = {_DIGIT.sub("0", text) for text in looked_at[:200]}
    read = {form: days for form in _FORMATS if _shape(form) & shapes and (days := _read(looked_at, form))}
    n_read = {form: sum(counts[text] for text in days) for form, days in read.items()}
    good = [form for form, n in n_read.items() if n >= enough * n_cells]
    if not good:
        return NO_DATES
    first = max(good, key=lambda form: n_read[form])
    # What differs in the time only reads the same days; what differs in the order may not.
    others = [f for f in good if f[:_ORDER] != first[:_ORDER] and n_read[f] == n_read[first]]
    formats = (first, *others)
    doubts = [Doubt("day_or_month", formats=" / ".join(formats))] if len(formats) > 1 else []
    if "%y" in first:
        doubts.append(Doubt("two_digit_year"))
    return Dates(n_read[first] / n_cells, formats, tuple(doubts))


def _shape(form: str) -> set[str]:
    years = form.replace("%Y", "0000")
    return {re.sub(r"%\w", "00", years).translate(str.maketrans("123456789", "000000000"))}


def _read(texts: Collection[str], form: str) -> dict[str, datetime]:
    """Return the texts that a format reads exactly, as an intake does, with their days."""
    days = {}
    for text in texts:
        try:
            day = datetime.strptime(text, form)  # noqa: DTZ007 (a school's day has no time zone)
        except ValueError:
            continue
        if _FIRST_YEAR <= day.year <= _LAST_YEAR and day.strftime(form) == text:
            days[text] = day
    return days

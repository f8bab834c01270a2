"""What each function of an indicator is: its exact parts, how they combine, and which way it may push.

Parts are sums of DECIMAL or integer, counts, minima and maxima, which no order of rows can change; a mean, a
share and a trend are divided out of them once. What is not known stays empty, and an empty cell is not a
zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from earlywarn.features.asof import days_before
from earlywarn.features.parts import Parts
from earlywarn.features.windows import Window

Function = Literal[
    "sum", "count", "mean", "min", "max", "last", "trend", "days_since", "share", "rank", "one_of"
]
Direction = Literal["up", "down", "none"]
AbsentMeans = Literal["zero", "unknown"]
FUNCTIONS: tuple[Function, ...] = get_args(Function)
TREND_DAYS = 30

_EPOCH = "DATE '2000-01-01'"
_DAY = f"(_on - {_EPOCH})"
_ABSOLUTE_DAY = "(_on - DATE '0001-01-01')"
_SPAN, _SMALL_SPAN = 2**64, 2**40

# Adding a fact can only raise these, or only lower days_since. Adding one can move a mean, a minimum, the
# last value or a trend either way, so in a table of events they carry no sign.
_SIGN_OF_EVENTS: dict[Function, int] = {"sum": 1, "count": 1, "max": 1, "share": 1, "days_since": -1}
# In a table of measurements (absence means unknown) the fact is the value measured, and raising it raises
# these.
_SIGN_OF_MEASUREMENTS: dict[Function, int] = {**_SIGN_OF_EVENTS, "mean": 1, "min": 1, "last": 1, "rank": 1}


def sign_of(function: Function, direction: Direction, absent_means: AbsentMeans, *, own_past: bool) -> int:
    """Return which way more of the fact may push the risk: 1 up, -1 down, 0 either way.

    A comparison with the own past has none: an older fact raises what is subtracted.

    >>> sign_of("days_since", "up", "zero", own_past=False)
    -1
    >>> sign_of("mean", "up", "zero", own_past=False), sign_of("mean", "down", "unknown", own_past=False)
    (0, -1)
    """
    if own_past or direction == "none":
        return 0
    table = _SIGN_OF_EVENTS if absent_means == "zero" else _SIGN_OF_MEASUREMENTS
    return table.get(function, 0) * (1 if direction == "up" else -1)


@dataclass(frozen=True)
class Measured:
    """What a function is computed over: the rows that match, their value, and what no row means.

    `matching` and `value` are SQL over the cut history. `value` is a code, or a whole number of units, of
    which `scale` make one: 61.5 % with four decimals is 615,000 ten-thousandths. `is_small` says that
    declared bounds keep it within 32 bits, `is_required` that no row is without it.
    """

    matching: str
    value: str | None
    absent_means: AbsentMeans
    is_dated: bool
    scale: int = 1
    is_small: bool = False
    is_required: bool = False


def formula(function: Function, measured: Measured, window: Window, parts: Parts) -> str:
    """Return SQL over the collected parts that gives a function's value, empty where nothing is known."""
    return _FORMULAS[function](measured, window, parts)


def exposed_share(measured: Measured, window: Window, parts: Parts, exposure: str) -> str:
    """Return SQL of a sum (or count) over the number of exposure rows of the window."""
    amount = _sum(measured, window, parts) if measured.value else _count(measured, window, parts)
    return f"({amount}) / nullif({exposure}, 0)"


def _zero(measured: Measured, window: Window, parts: Parts) -> str:
    """Return SQL of 0.0 where no matching row is a zero, empty where it says nothing.

    All units asked about are members on the as-of date, so that where absence means zero a window that
    reaches it is a zero; for one that lies in the past the unit must have been a member then. Elsewhere any
    row of the table in the window shows that it was kept.
    """
    if measured.absent_means == "zero" and window.reaches_as_of:
        return "0.0::DOUBLE"
    known = f"{parts.add('count', '*', window)} > 0"
    if measured.absent_means == "zero":
        known += f" OR _there_{window.key}"
    return f"CASE WHEN {known} THEN 0.0::DOUBLE END"


def _count(measured: Measured, window: Window, parts: Parts) -> str:
    n_matching = parts.add("count", parts.match(measured.matching), window)
    return f"CASE WHEN {n_matching} > 0 THEN {n_matching}::DOUBLE ELSE {_zero(measured, window, parts)} END"


def _sum(measured: Measured, window: Window, parts: Parts) -> str:
    n_matching = parts.add("count", parts.match(measured.matching), window)
    amount = _amount(measured, parts)
    total = _scaled(_total(measured, amount, window, parts), measured)
    if not measured.is_required:
        total = f"CASE WHEN {parts.add('count', amount, window)} > 0 THEN {total} END"
    return f"CASE WHEN {n_matching} > 0 THEN {total} ELSE {_zero(measured, window, parts)} END"


def _total(measured: Measured, amount: str, window: Window, parts: Parts) -> str:
    return parts.add("sum", amount, window, is_small=measured.is_small)


def _amount(measured: Measured, parts: Parts) -> str:
    return parts.amount(measured.matching, measured.value or "1")


def _scaled(amount: str, measured: Measured) -> str:
    return f"{amount}::DOUBLE" if measured.scale == 1 else f"{amount}::DOUBLE / {measured.scale}"


def _mean(measured: Measured, window: Window, parts: Parts) -> str:
    amount = _amount(measured, parts)
    n_values = parts.add("count", amount, window)
    return f"{_total(measured, amount, window, parts)}::DOUBLE / nullif({n_values} * {measured.scale}, 0)"


def _min(measured: Measured, window: Window, parts: Parts) -> str:
    return _scaled(parts.add("min", _amount(measured, parts), window), measured)


def _max(measured: Measured, window: Window, parts: Parts) -> str:
    return _scaled(parts.add("max", _amount(measured, parts), window), measured)


def _last(measured: Measured, window: Window, parts: Parts) -> str:
    """Return SQL of the latest value; of several on the latest day, the greatest, whatever their order.

    Day and amount are packed into one number, the day first, whose maximum is ten times cheaper than that of
    a pair.
    """
    amount = _amount(measured, parts)
    if not measured.is_dated:
        return _scaled(parts.add("max", amount, window), measured)
    kind, span = ("BIGINT", _SMALL_SPAN) if measured.is_small else ("HUGEINT", _SPAN)
    packed = parts.column("latest", f"{_ABSOLUTE_DAY}::{kind} * {span} + {amount} + {span // 2}")
    return _scaled(f"({parts.add('max', packed, window)} % {span} - {span // 2})", measured)


def latest_code(measured: Measured, window: Window, parts: Parts) -> str:
    """Return SQL of the latest code; of several on the latest day, the last in the alphabet."""
    amount = _amount(measured, parts)
    if not measured.is_dated:
        return parts.add("max", amount, window)
    dated = f"CASE WHEN {amount} IS NOT NULL AND _on IS NOT NULL THEN {{'day': _on, 'code': {amount}}} END"
    return f"{parts.add('max', dated, window)}.code"


def _days_since(measured: Measured, window: Window, parts: Parts) -> str:
    last = parts.column("last_on", f"CASE WHEN {parts.match(measured.matching)} = 1 THEN _on END")
    return f"{days_before(parts.add('max', last, window), '_as_of')}::DOUBLE"


def _share(measured: Measured, window: Window, parts: Parts) -> str:
    if measured.value:
        part = _total(measured, _amount(measured, parts), window, parts)
        whole = _total(measured, parts.amount("TRUE", measured.value), window, parts)
    else:
        part = parts.add("count", parts.match(measured.matching), window)
        whole = parts.add("count", "*", window)
    return f"CASE WHEN {whole} > 0 THEN coalesce({part}, 0)::DOUBLE / {whole}::DOUBLE END"


def _trend(measured: Measured, window: Window, parts: Parts) -> str:
    """Return SQL of the least-squares slope, per 30 days, from whole numbers until the one division.

    Where absence means zero the points are all days of the window, with the day's sum or nothing; otherwise
    they are the values that were measured.
    """
    amount = _amount(measured, parts)
    dated = parts.column("dated", f"CASE WHEN _on IS NOT NULL THEN {amount} END")
    sum_y = parts.add("sum", dated, window)
    sum_xy = parts.add("sum", parts.column("day_amount", f"{_DAY} * {amount}"), window)
    if measured.absent_means == "zero":
        first, last = window.first_age, window.last_age
        n = f"({first} - {last} + 1)::HUGEINT"
        # Twice the sum of (x - mean x) y, with x counted from the as-of date, so that halves stay whole. Days
        # stand one apart: the sum of (x - mean x)² is n (n² - 1) / 12.
        as_of = f"(_as_of - {_EPOCH})"
        twice = f"coalesce(2 * {sum_xy} + ({first} + {last} - 2 * {as_of}) * {sum_y}, 0)"
        slope = f"({6 * TREND_DAYS} * {twice})::DOUBLE / ({n} * ({n} * {n} - 1) * {measured.scale})"
        return f"CASE WHEN {n} >= 2 AND ({_zero(measured, window, parts)}) IS NOT NULL THEN {slope} END"
    day = parts.column("day", f"CASE WHEN {amount} IS NOT NULL THEN {_DAY} END")
    n, sum_x = parts.add("count", day, window), parts.add("sum", day, window)
    sum_xx = parts.add("sum", parts.column("day_square", f"{day} * {day}"), window)
    slope = f"({TREND_DAYS} * ({n} * {sum_xy} - {sum_x} * {sum_y}))::DOUBLE"
    return f"{slope} / nullif(({n} * {sum_xx} - {sum_x} * {sum_x}) * {measured.scale}, 0)"


_FORMULAS: dict[Function, Callable[[Measured, Window, Parts], str]] = {
    "sum": _sum,
    "count": _count,
    "mean": _mean,
    "min": _min,
    "max": _max,
    "last": _last,
    "rank": _last,  # of which ranks.py then says how many lie lower
    "trend": _trend,
    "days_since": _days_since,
    "share": _share,
}

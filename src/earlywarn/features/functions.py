"""What each function of an indicator is: its exact parts, how they combine, and which way it may push.

Parts are sums of DECIMAL or integer, counts, minima and maxima, which no order of rows can change; a mean, a
share and a trend are divided out of them once. What is not known stays empty, and an empty cell is not a
zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from earlywarn.features.windows import Window

Function = Literal["sum", "count", "mean", "min", "max", "last", "trend", "days_since", "share", "one_of"]
Direction = Literal["up", "down", "none"]
AbsentMeans = Literal["zero", "unknown"]
FUNCTIONS: tuple[Function, ...] = get_args(Function)
TREND_DAYS = 30

# Adding a fact can only raise these, or only lower days_since. Adding one can move a mean, a minimum, the
# last value or a trend either way, so in a table of events they carry no sign.
_SIGN_OF_EVENTS: dict[Function, int] = {"sum": 1, "count": 1, "max": 1, "share": 1, "days_since": -1}
# In a table of measurements (absence means unknown) the fact is the value measured, and raising it raises
# these.
_SIGN_OF_MEASUREMENTS: dict[Function, int] = {**_SIGN_OF_EVENTS, "mean": 1, "min": 1, "last": 1}


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

    `matching` and `value` are SQL over the cut history; `value` is exact (integer or DECIMAL) or a code.
    """

    matching: str
    value: str | None
    absent_means: AbsentMeans
    is_dated: bool


class Parts:
    """Collect the aggregates a table's features need, each once, under short readable names."""

    def __init__(self) -> None:
        self.sql: dict[str, str] = {}

    def add(self, aggregate: str, *conditions: str) -> str:
        """Return the name of an aggregate over the history rows that meet all conditions."""
        met = " AND ".join(f"({condition})" for condition in dict.fromkeys(conditions) if condition != "TRUE")
        text = f"{aggregate} FILTER (WHERE {met})" if met else aggregate
        return self.sql.setdefault(text, f"part_{len(self.sql) + 1}")


def formula(function: Function, measured: Measured, window: Window, parts: Parts) -> str:
    """Return SQL over the collected parts that gives a function's value, empty where nothing is known."""
    return _FORMULAS[function](measured, window, parts)


def exposed_share(measured: Measured, window: Window, parts: Parts, exposure: str) -> str:
    """Return SQL of a sum (or count) over the number of exposure rows of the window."""
    amount = _sum(measured, window, parts) if measured.value else _count(measured, window, parts)
    return f"({amount}) / nullif({exposure}, 0)"


def _zero(measured: Measured, window: Window, parts: Parts) -> str:
    """Return SQL of 0.0 where no matching row is a zero, empty where it says nothing.

    Any row of the table in the window shows that the table was kept; else a zero needs a table in which
    absence means zero and a unit that was a member then. All units asked about are members on the as-of date.
    """
    any_row = parts.add("count(*)", window.condition)
    known = [f"{any_row} > 0"]
    if measured.absent_means == "zero":
        reaches_as_of = not window.is_past and window.name != "previous_period"
        known.append("TRUE" if reaches_as_of else f"_there_{window.key}")
    return f"CASE WHEN {' OR '.join(known)} THEN 0.0::DOUBLE END"


def _count(measured: Measured, window: Window, parts: Parts) -> str:
    n_matching = parts.add("count(*)", measured.matching, window.condition)
    zero = _zero(measured, window, parts)
    return f"CASE WHEN {n_matching} > 0 THEN {n_matching}::DOUBLE ELSE {zero} END"


def _sum(measured: Measured, window: Window, parts: Parts) -> str:
    n_matching = parts.add("count(*)", measured.matching, window.condition)
    total = parts.add(f"sum({measured.value})", measured.matching, window.condition)
    zero = _zero(measured, window, parts)
    return f"CASE WHEN {n_matching} > 0 THEN {total}::DOUBLE ELSE {zero} END"


def _mean(measured: Measured, window: Window, parts: Parts) -> str:
    total = parts.add(f"sum({measured.value})", measured.matching, window.condition)
    n_values = parts.add(f"count({measured.value})", measured.matching, window.condition)
    return f"{total}::DOUBLE / nullif({n_values}, 0)"


def _extreme(name: str) -> Callable[[Measured, Window, Parts], str]:
    def sql(measured: Measured, window: Window, parts: Parts) -> str:
        found = parts.add(f"{name}({measured.value})", measured.matching, window.condition)
        return f"{found}::DOUBLE"

    return sql


def latest(measured: Measured, window: Window, parts: Parts) -> str:
    """Return SQL of the latest value; of several on the latest day, the greatest, whatever their order."""
    here = [measured.matching, window.condition, f"({measured.value}) IS NOT NULL"]
    if not measured.is_dated:
        return parts.add(f"max({measured.value})", *here)
    return parts.add(f"arg_max({measured.value}, ROW(_on, {measured.value}))", *here, "_on IS NOT NULL")


def _last(measured: Measured, window: Window, parts: Parts) -> str:
    return f"{latest(measured, window, parts)}::DOUBLE"


def _days_since(measured: Measured, window: Window, parts: Parts) -> str:
    age = parts.add("min(_age)", measured.matching, window.condition)
    return f"{age}::DOUBLE"


def _share(measured: Measured, window: Window, parts: Parts) -> str:
    amount = f"sum({measured.value})" if measured.value else "count(*)"
    part = parts.add(amount, measured.matching, window.condition)
    whole = parts.add(amount, window.condition)
    return f"CASE WHEN {whole} > 0 THEN coalesce({part}, 0)::DOUBLE / {whole}::DOUBLE END"


def _trend(measured: Measured, window: Window, parts: Parts) -> str:
    """Return SQL of the least-squares slope, per 30 days.

    Where absence means zero the points are all days of the window, with the day's sum or nothing; otherwise
    they are the values that were measured.
    """
    value = measured.value or "1"
    here = (measured.matching, window.condition, f"({value}) IS NOT NULL", "_age IS NOT NULL")
    sum_y = f"{parts.add(f'sum({value})', *here)}::DOUBLE"
    sum_xy = f"{parts.add(f'sum(-_age * {value})', *here)}::DOUBLE"
    if measured.absent_means == "zero":
        first, last = f"({window.first_age})::DOUBLE", f"({window.last_age})::DOUBLE"
        n = f"({first} - {last} + 1)"
        middle = f"(-({first} + {last}) / 2)"
        # Days stand one apart, so that their squared distances from the middle add up to n (n² - 1) / 12.
        slope = (
            f"({TREND_DAYS} * (coalesce({sum_xy}, 0) - {middle} * coalesce({sum_y}, 0))"
            f" / nullif({n} * ({n} * {n} - 1) / 12, 0))"
        )
        return f"CASE WHEN {n} >= 2 AND ({_zero(measured, window, parts)}) IS NOT NULL THEN {slope} END"
    n = f"{parts.add('count(*)', *here)}::DOUBLE"
    sum_x = f"{parts.add('sum(-_age)', *here)}::DOUBLE"
    sum_xx = f"{parts.add('sum(_age * _age)', *here)}::DOUBLE"
    return (
        f"{TREND_DAYS} * ({n} * {sum_xy} - {sum_x} * {sum_y}) / nullif({n} * {sum_xx} - {sum_x} * {sum_x}, 0)"
    )


_FORMULAS: dict[Function, Callable[[Measured, Window, Parts], str]] = {
    "sum": _sum,
    "count": _count,
    "mean": _mean,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "last": _last,
    "trend": _trend,
    "days_since": _days_since,
    "share": _share,
}

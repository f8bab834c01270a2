"""Say whether a school's figure is within what is usual, outside it, or cannot be told.

The rule is written once, and shown on every page: a figure is outside when it lies more than 3.5 robust
deviations (1.4826 times the median absolute deviation) from the median of comparable schools, by at least a
difference that would matter, and by more than the chance of counting explains. Rates of rows are compared by
their logarithm, for they are skewed. Nothing is said with fewer than 10 comparable schools, 30 students, 5
days of class, or 10 rows that would be usual.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.quality.figures import Figure, Kind, Measure, Side, Usual, Verdict

FEWEST_SCHOOLS = 10
FEWEST_STUDENTS = 30
FEWEST_DAYS = 5
FEWEST_ROWS = 10
FEWEST_ROWS_A_DAY = 5
FARTHEST = 3.5
_ROBUST = 1.4826
_NONE_AT_ALL = 1e-9
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class Rule:
    """How one kind of figure is judged: the least difference that matters, and the scale it is taken on."""

    least: float
    is_rate: bool = False


RULES: Mapping[Kind, Rule] = {
    "empty": Rule(0.5),
    # A third fewer rows in all, or half as many in a month, is the least that is worth a question.
    "total": Rule(math.log(1.5), is_rate=True),
    "month": Rule(math.log(2.0), is_rate=True),
    "code": Rule(math.log(2.0), is_rate=True),
    "weekday": Rule(0.25),
    "silent": Rule(0.05),
    "late": Rule(0.10),
    "delay": Rule(3.0),
    "missing": Rule(0.10),
    "unplaced": Rule(0.02),
}


def usual_of(values: Sequence[float], rule: Rule) -> Usual | None:
    """Return what is usual among comparable schools; None where they are too few.

    >>> usual_of([0.0] * 9, RULES["silent"]) is None
    True
    >>> usual_of([0.0] * 9 + [0.5], RULES["silent"]).middle
    0.0
    """
    if len(values) < FEWEST_SCHOOLS:
        return None
    known = np.array(values, dtype=np.float64)
    low, middle, high = (float(at) for at in np.quantile(known, [0.25, 0.5, 0.75]))
    scaled = np.array([_scaled(value, rule) for value in values])
    deviation = float(np.median(np.abs(scaled - np.median(scaled))))
    return Usual(len(values), low, middle, high, max(_ROBUST * deviation, rule.least / FARTHEST))


def distance_of(value: float, usual: Usual, rule: Rule) -> float:
    """Return how many robust deviations a value lies from the median, below it if negative."""
    return (_scaled(value, rule) - _scaled(usual.middle, rule)) / usual.spread


def is_comparable(measure: Measure, n_students: int) -> bool:
    """Say whether a measure rests on enough to be compared with, or to be judged."""
    if n_students < FEWEST_STUDENTS:
        return False
    if measure.kind in ("weekday", "silent"):
        return measure.n_days >= FEWEST_DAYS
    if measure.kind in ("late", "delay"):
        return measure.out_of >= FEWEST_ROWS
    return measure.kind != "missing" or measure.out_of >= FEWEST_ROWS


def judged(measure: Measure, usual: Usual | None, n_students: int, daily: float) -> Figure:
    """Return a measure with its verdict.

    Args:
        measure: What was counted.
        usual: What is usual among comparable schools.
        n_students: How many students the school has.
        daily: How many rows a day would be usual in this school, for a table of days.
    """
    if usual is None or not is_comparable(measure, n_students):
        return Figure(measure, usual, "unknown")
    if not _is_enough(measure, usual, daily):
        return Figure(measure, usual, "unknown")
    rule = RULES[measure.kind]
    distance = distance_of(measure.value, usual, rule)
    if abs(distance) <= FARTHEST or not _is_beyond_chance(measure, usual, daily):
        return Figure(measure, usual, "within", distance=distance)
    side: Side = "low" if distance < 0 else "high"
    verdict: Verdict = "outside"
    return Figure(measure, usual, verdict, side, distance)


def usual_by_level(measures: Iterable[tuple[str, Measure]]) -> dict[tuple[str, ...], Usual]:
    """Return what is usual by level and kind of measure, from those that may be compared."""
    values: dict[tuple[str, ...], list[float]] = {}
    for level, measure in measures:
        values.setdefault((level, *measure.key), []).append(measure.value)
    found = {}
    for key, known in values.items():
        usual = usual_of(known, RULES[key[1]])  # type: ignore[index]
        if usual is not None:
            found[key] = usual
    return found


def _is_enough(measure: Measure, usual: Usual, daily: float) -> bool:
    """Say whether as much would be usual here that its absence means something."""
    if measure.kind in ("total", "month", "code"):
        return usual.middle * measure.out_of >= FEWEST_ROWS
    if measure.kind == "weekday":
        return daily * measure.n_days >= FEWEST_ROWS
    if measure.kind == "silent":
        return daily >= FEWEST_ROWS_A_DAY
    return True


def _is_beyond_chance(measure: Measure, usual: Usual, daily: float) -> bool:
    """Say whether a count differs from the usual one by more than counting alone would make it."""
    if measure.kind in ("empty", "delay"):
        return True
    if measure.kind in ("total", "month", "code", "weekday"):
        expected = usual.middle * measure.out_of
        if measure.kind == "weekday":
            expected = (
                usual.middle * measure.count / measure.value if measure.value else daily * measure.n_days
            )
        return abs(measure.count - expected) > FARTHEST * math.sqrt(expected)
    share = min(max(usual.middle, _LEAST_SHARE), 1 - _LEAST_SHARE)
    expected = share * measure.out_of
    return abs(measure.count - expected) > FARTHEST * math.sqrt(expected * (1 - share))


def _scaled(value: float, rule: Rule) -> float:
    return math.log(max(value, _NONE_AT_ALL)) if rule.is_rate else value

"""Measure lead time: how long before the outcome a unit first stood on a list, and how many ever did.

Counted per unit and period: from the first as-of date whose list named the unit to the day of the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats, Indexes, Words, codes_of
from earlywarn.evaluation.figures import DRAWS_AT_ONCE, Draws, Figure, interval, ratio_figure
from earlywarn.evaluation.unit_days import UnitDays

QUARTILES = (0.25, 0.5, 0.75)
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Quartiles:
    """Days by which a quarter, half and three quarters of the units had been listed; n units."""

    n: int
    lower: Figure
    median: Figure
    upper: Figure


@dataclass(frozen=True)
class Caught:
    """Among units listed in time, how many a moment's lists name, and how many of them for the first time."""

    moment: str
    n_listed: int
    n_new: int
    new: Figure
    """The new ones as a share of all units with the outcome in the period."""


@dataclass(frozen=True)
class LeadTime:
    """How early, and how completely, one model's lists name the units that have the outcome."""

    n_with_outcome: int
    n_listed: int
    """Listed at some moment of the period, no later than the outcome."""
    n_late: int
    """Listed only after it had happened; no lead time is counted of them."""
    listed: Figure
    to_happened: Quartiles | None
    """Days to the outcome itself, among those listed whose day the tables tell."""
    to_decided: Quartiles | None
    """Days to the day the label was decided on; None where moments are stages."""
    caught: tuple[Caught, ...]


@dataclass(frozen=True, eq=False)
class Cases:
    """One case per unit and period of the tested rows, and what came true of it; the same for every model."""

    of_row: Indexes
    first_row: Indexes
    """A row that stands for each case in sums over rows: its earliest."""
    outcome: Flags
    happened_on: Indexes
    decided_on: Indexes


def cases_of(label: Flags, period: Words, days: UnitDays) -> Cases:
    """Gather rows into cases; a case has the outcome if any of its rows has."""
    of_row = codes_of(codes_of(period) * (int(days.unit.max()) + 1) + days.unit)
    n = int(of_row.max()) + 1
    order = np.lexsort((days.as_of, of_row))
    starts = np.flatnonzero(np.concatenate(([True], np.diff(of_row[order]) > 0)))
    outcome = np.bincount(of_row, weights=label, minlength=n) > 0
    return Cases(
        of_row,
        order[starts],
        outcome,
        _earliest(days.happened_on, of_row, label & ~np.isnat(days.happened_on), n),
        _earliest(days.decided_on, of_row, label & ~np.isnat(days.decided_on), n),
    )


def lead_time(
    listed: Flags, cases: Cases, moment: Words, days: UnitDays, draws: Draws, *, moments: tuple[str, ...]
) -> LeadTime:
    """Measure one model's lists.

    Args:
        listed: Which rows its lists name.
        cases: What came true, from `cases_of`.
        moment: The moment of each row.
        days: Who and when each row is.
        draws: What intervals draw.
        moments: The moments in the order of their days.
    """
    n = cases.outcome.size
    first = _earliest(days.as_of, cases.of_row, listed, n)
    ever = cases.outcome & (first < _NEVER)
    # An unknown day is never past.
    late = ever & (first > cases.happened_on)
    named = ever & ~late
    told = named & (cases.happened_on < _NEVER)
    ones = _per_row(cases, cases.outcome)
    return LeadTime(
        n_with_outcome=int(cases.outcome.sum()),
        n_listed=int(named.sum()),
        n_late=int(late.sum()),
        listed=ratio_figure(_per_row(cases, named), ones, draws),
        to_happened=_quartiles(told, cases.happened_on, first, cases, draws) if days.has_days else None,
        to_decided=_quartiles(named, cases.decided_on, first, cases, draws) if days.has_days else None,
        caught=tuple(_caught(name, listed, named, first, cases, moment, days, draws) for name in moments),
    )


def _caught(
    name: str,
    listed: Flags,
    named: Flags,
    first: Indexes,
    cases: Cases,
    moment: Words,
    days: UnitDays,
    draws: Draws,
) -> Caught:
    here = listed & (moment == name) & named[cases.of_row]
    new = here & (_numbers(days) == first[cases.of_row])
    return Caught(
        name,
        int(here.sum()),
        int(new.sum()),
        ratio_figure(new.astype(np.float64), _per_row(cases, cases.outcome), draws),
    )


def _quartiles(chosen: Flags, until: Indexes, first: Indexes, cases: Cases, draws: Draws) -> Quartiles | None:
    if not chosen.any():
        return None
    lead = (until - first)[chosen].astype(np.float64)
    figures = quantile_figures(lead, Draws(draws.clusters[cases.first_row[chosen]], draws.counts), QUARTILES)
    return Quartiles(int(chosen.sum()), *figures)


def quantile_figures(values: Floats, draws: Draws, shares: tuple[float, ...]) -> list[Figure]:
    """Return quantiles with intervals: the least value that has at least the share at or below it.

    >>> draws = Draws(np.array([0, 0, 0, 0]), np.ones((2, 1)))
    >>> [one.value for one in quantile_figures(np.array([10.0, 40.0, 30.0, 20.0]), draws, (0.25, 0.5))]
    [10.0, 20.0]
    """
    order = np.argsort(values, kind="stable")
    ordered, clusters = values[order], draws.clusters[order]
    whole = _quantiles(ordered, np.ones((1, ordered.size)), shares)[0]
    drawn = np.concatenate(
        [
            _quantiles(ordered, draws.counts[start : start + DRAWS_AT_ONCE, clusters], shares)
            for start in range(0, len(draws.counts), DRAWS_AT_ONCE)
        ]
    )
    return [interval(float(whole[place]), drawn[:, place]) for place in range(len(shares))]


def _quantiles(ordered: Floats, weights: Floats, shares: tuple[float, ...]) -> Floats:
    below = np.cumsum(weights, axis=1)
    total = below[:, -1]
    places = [(below < share * total[:, None] - 1e-9).sum(axis=1) for share in shares]
    found = ordered[np.minimum(np.column_stack(places), ordered.size - 1)]
    return np.where(total[:, None] > 0, found, np.nan)


def _earliest(on: np.ndarray, of_row: Indexes, mask: Flags, n: int) -> Indexes:
    """Return the earliest day of each case's marked rows, as a number; a case without one has a day never."""
    found = np.full(n, _NEVER, dtype=np.int64)
    np.minimum.at(found, of_row[mask], on[mask].astype("datetime64[D]").astype(np.int64))
    return found


def _numbers(days: UnitDays) -> Indexes:
    return days.as_of.astype("datetime64[D]").astype(np.int64)


def _per_row(cases: Cases, values: Flags) -> Floats:
    """Put a case's value on the row that stands for it, so that sums over rows count each case once."""
    placed = np.zeros(cases.of_row.size)
    placed[cases.first_row] = values
    return placed

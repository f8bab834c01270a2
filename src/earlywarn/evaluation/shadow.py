"""Compare two lists of the same students: who enters and who leaves, where, in which groups, and why.

Pure numbers in, counts out: no name and no student stands in a report, whoever reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import spearmanr

from earlywarn.domain import Language
from earlywarn.evaluation.arrays import Flags, Floats, Words, distinct
from earlywarn.evaluation.measures import Comparison
from earlywarn.evaluation.sheet import plain

MOST_REASONS = 5


@dataclass(frozen=True, eq=False)
class Listing:
    """What one side says of every unit; NaN where it says nothing."""

    what: str
    """candidate, champion or rules."""
    kind: str
    version: str
    margins: Floats
    risks: Floats
    listed: Flags


@dataclass(frozen=True)
class SideSheet:
    """One side in numbers; by rules there is no mean risk."""

    what: str
    kind: str
    version: str
    n_scored: int
    n_listed: int
    mean_risk: float | None


@dataclass(frozen=True)
class Moves:
    """How many enter, leave and stay on the lists of one school, grade or group of `n` units."""

    name: str
    n: int
    enters: int
    leaves: int
    stays: int


@dataclass(frozen=True)
class Why:
    """One indicator's mean share of the margins of those who move, as either side has it."""

    indicator: str
    words: Mapping[str, str]
    candidate: float
    other: float
    difference: float


@dataclass(frozen=True)
class ShadowReport:
    """What would change if the candidate took over on one as-of date."""

    network: str
    model: str
    as_of: str
    moment: str
    n: int
    candidate: SideSheet
    other: SideSheet | None
    """The champion; the rules where there is none yet; None where no rules are declared either."""
    enters: int
    leaves: int
    stays: int
    outside: int
    """Names on the other side's lists whom the candidate does not look at: another cohort."""
    share_staying: float | None
    """Of the names on the other side's lists, how many stand on the candidate's."""
    rank_correlation: float | None
    mean_risk_change: float | None
    by_school: tuple[Moves, ...]
    by_grade: tuple[Moves, ...]
    by_group: Mapping[str, tuple[Moves, ...]]
    entering: tuple[Why, ...]
    leaving: tuple[Why, ...]
    held_out: HeldOutPair
    called: Mapping[str, Mapping[Language, Mapping[str, str]]]
    """What grades and audited groups are called, by column and language; the column itself under ""."""

    def to_json(self) -> str:
        """Write the report as JSON with sorted keys."""
        return json.dumps(plain(asdict(self)), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @property
    def against_champion(self) -> dict[str, object] | None:
        """Return verdict and AUC difference on the held-out future, or None where it cannot be measured."""
        pair = self.held_out.comparison
        return None if pair is None else {"verdict": pair.verdict, "auc": plain(asdict(pair.auc))}


@dataclass(frozen=True)
class HeldOutPair:
    """The candidate's back-test and the champion on the same held-out rows; or why it cannot be measured."""

    comparison: Comparison | None
    n: int
    because: Mapping[str, str]


def side_sheet(side: Listing) -> SideSheet:
    """Count one side."""
    risks = side.risks[np.isfinite(side.risks)]
    return SideSheet(
        what=side.what,
        kind=side.kind,
        version=side.version,
        n_scored=int(np.isfinite(side.margins).sum()),
        n_listed=int(side.listed.sum()),
        mean_risk=float(risks.mean()) if risks.size else None,
    )


def moves_of(one: Listing, other: Listing | None) -> tuple[Flags, Flags, Flags]:
    """Return who enters, who leaves and who stays; nobody moves where there is nothing to compare with."""
    if other is None:
        nobody = np.zeros(one.listed.size, dtype=np.bool_)
        return nobody, nobody, nobody
    return one.listed & ~other.listed, other.listed & ~one.listed, one.listed & other.listed


def moves_by(words: Words, enters: Flags, leaves: Flags, stays: Flags) -> tuple[Moves, ...]:
    """Count who moves by school, grade or group; those of whom the word is not known stand apart."""
    names, place = distinct(words)
    # Counted at once: a mask per school would not fit a province.
    counts = [
        np.bincount(place, weights=mask, minlength=names.size).astype(np.intp).tolist()
        for mask in (np.ones(words.size), enters, leaves, stays)
    ]
    return tuple(Moves(str(name), *numbers) for name, *numbers in zip(names, *counts, strict=True))


def rank_correlation(one: Listing, other: Listing) -> float | None:
    """Return Spearman's rank correlation over the units that both sides score.

    C. Spearman (1904), "The proof and measurement of association between two things".
    """
    both = np.isfinite(one.margins) & np.isfinite(other.margins)
    a, b = one.margins[both], other.margins[both]
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(spearmanr(a, b).statistic)


def mean_risk_change(one: Listing, other: Listing) -> float | None:
    """Return how much the mean risk changes over the units that both sides give one."""
    both = np.isfinite(one.risks) & np.isfinite(other.risks)
    return float((one.risks[both] - other.risks[both]).mean()) if both.any() else None


def reasons_to_move(
    candidate: Mapping[str, float], other: Mapping[str, float], words: Mapping[str, Mapping[str, str]]
) -> tuple[Why, ...]:
    """Return the indicators whose mean share differs most between the sides, the largest first."""
    found = [
        Why(name, words[name], one := candidate.get(name, 0.0), two := other.get(name, 0.0), one - two)
        for name in words
    ]
    moved = [one for one in found if one.difference != 0]
    return tuple(sorted(moved, key=lambda one: (-abs(one.difference), one.indicator))[:MOST_REASONS])


def mean_by_indicator(attributions: Floats, indicators: Sequence[str]) -> dict[str, float]:
    """Return the mean share of each indicator: its features' attributions added up.

    >>> mean_by_indicator(np.array([[1.0, 2.0, 0.5], [3.0, 0.0, 0.5]]), ["a", "a", "b"])
    {'a': 3.0, 'b': 0.5}
    """
    if not len(attributions):
        return {}
    totals: dict[str, float] = {}
    for name, mean in zip(indicators, attributions.mean(axis=0).tolist(), strict=True):
        totals[name] = totals.get(name, 0.0) + mean
    return totals

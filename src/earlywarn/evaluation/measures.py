"""Measure one model's risks on test rows: overall, per moment, per grade, and against another model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats, Indexes, Words, codes_of, crossed, distinct
from earlywarn.evaluation.calibration import CalibrationSheet, calibration_of
from earlywarn.evaluation.capacity import CapacityFigures, Lists, capacity_figures, cut_lists, tie_order
from earlywarn.evaluation.figures import (
    Draws,
    Figure,
    Ranking,
    brier_rows,
    draw_clusters,
    interval,
    ratio_figure,
)
from earlywarn.evaluation.unit_days import UnitDays

FEWEST_SCHOOLS = 20
"""Below this number of schools, intervals draw students instead of schools."""


@dataclass(frozen=True)
class TestRows:
    """What came true, one row per unit and as-of date, with all that rows may be grouped by."""

    __test__ = False  # pytest would otherwise collect it

    label: Flags
    period: Words
    moment: Words
    school: Words
    grade: Words
    student: Words
    lists: Words
    groups: dict[str, Words]
    fold: Words | None = None
    """The fold that tested each row, where folds have models of their own; AUC is averaged over folds."""
    days: UnitDays | None = None
    """Who each row is across moments, and the days that lead time counts."""

    @cached_property
    def ties(self) -> Indexes:
        """Return each row's rank by the named tie rule, which all candidates share."""
        return tie_order(self.student)

    @cached_property
    def list_codes(self) -> Indexes:
        """Return the number of each row's list, in the order that `cut_lists` counts them."""
        return codes_of(self.lists)

    @cached_property
    def moments_apart(self) -> dict[str, Flags]:
        """Return the rows of each moment of a period, or of a fold, which all candidates share."""
        return by_word(crossed(self.period if self.fold is None else self.fold, self.moment))

    def take(self, mask: Flags | Indexes) -> TestRows:
        """Return some of the rows."""
        return TestRows(
            self.label[mask],
            self.period[mask],
            self.moment[mask],
            self.school[mask],
            self.grade[mask],
            self.student[mask],
            self.lists[mask],
            {name: words[mask] for name, words in self.groups.items()},
            None if self.fold is None else self.fold[mask],
            None if self.days is None else self.days.take(mask),
        )

    def clusters(self) -> tuple[str, Indexes]:
        """Return what intervals draw as wholes: schools, or students where schools are few."""
        schools = codes_of(self.school)
        if schools.size and schools.max() + 1 >= FEWEST_SCHOOLS:
            return "schools", schools
        return "students", codes_of(self.student)


@dataclass(frozen=True)
class Scored:
    """One model's say on the test rows, and the lists it makes."""

    name: str
    margin: Floats
    risk: Floats
    lists: Lists


@dataclass(frozen=True)
class Metrics:
    """The figures of one model on one set of rows."""

    n: int
    n_positive: int
    base_rate: float
    auc: Figure
    average_precision: Figure
    brier: Figure
    calibration: CalibrationSheet
    capacity: CapacityFigures


@dataclass(frozen=True)
class Comparison:
    """How much a model's figure exceeds another's, both measured on the same draws."""

    model: str
    other: str
    auc: Figure
    brier: Figure
    verdict: str
    """beats, worse, or cannot tell: by the interval of the difference in AUC."""


def score_rows(name: str, margin: Floats, risk: Floats, rows: TestRows, *, share: float) -> Scored:
    """Keep a model's margins and risks together with the lists cut from them."""
    return Scored(name, margin, risk, cut_lists(margin, rows.label, rows.lists, rows.ties, share=share))


def draws_for(rows: TestRows, *, n_draws: int, generator: np.random.Generator) -> tuple[str, Draws]:
    """Draw the clusters of these rows, and say what was drawn."""
    drawn, clusters = rows.clusters()
    return drawn, draw_clusters(clusters, n_draws=n_draws, generator=generator)


def measure(
    scored: Scored,
    rows: TestRows,
    draws: Draws,
    mask: Flags | None = None,
    *,
    auc: Figure | None = None,
) -> Metrics:
    """Measure a model on the rows of `mask`; lists are those cut on all rows.

    Args:
        scored: What the model says.
        rows: What came true.
        draws: What intervals draw.
        mask: The rows to measure on; all by default.
        auc: The AUC where it is known already.
    """
    keep = np.ones(rows.label.size, dtype=bool) if mask is None else mask
    label, margin, risk, some = rows.label[keep], scored.margin[keep], scored.risk[keep], draws.rows(keep)
    ranking = Ranking(margin, label)
    return Metrics(
        n=int(keep.sum()),
        n_positive=int(label.sum()),
        base_rate=float(label.mean()) if label.size else float("nan"),
        auc=auc or interval(ranking.auc(), ranking.drawn_aucs(some)),
        average_precision=interval(ranking.average_precision(), ranking.drawn_average_precisions(some)),
        brier=ratio_figure(brier_rows(risk, label), np.ones(label.size), some),
        calibration=calibration_of(risk, label, some),
        capacity=capacity_figures(_lists_of(scored.lists, rows.list_codes, keep), label, some),
    )


def _lists_of(lists: Lists, codes: Indexes, keep: Flags) -> Lists:
    counts = tuple(lists.counts[code] for code in np.flatnonzero(np.bincount(codes[keep])))
    return Lists(lists.listed[keep], counts, lists.best[keep], lists.worst[keep])


def by_word(words: Words) -> dict[str, Flags]:
    """Return one mask per distinct word, in sorted order."""
    names, places = distinct(words)
    return {str(name): places == place for place, name in enumerate(names)}


@dataclass(frozen=True, eq=False)
class MomentAucs:
    """One model's AUC per moment of a period or of a fold, and in every draw."""

    values: dict[str, float]
    drawn: dict[str, Floats]
    over_folds: bool = False

    def at(self, moment: str) -> Figure | None:
        """Return the AUC of one moment, where a single period was measured; over folds, their mean."""
        found = [name for name in self.values if name.split("|", 1)[1] == moment]
        if self.over_folds:
            usable = [name for name in found if np.isfinite(self.values[name])]
            only = {name: self.values[name] for name in usable}
            return MomentAucs(only, {name: self.drawn[name] for name in usable}).mean if usable else None
        return interval(self.values[found[0]], self.drawn[found[0]]) if len(found) == 1 else None

    @property
    def mean(self) -> Figure:
        """Return AUC averaged over moments, so that no moment hides another."""
        return interval(self.mean_value, self.mean_drawn)

    @property
    def mean_value(self) -> float:
        """Return the mean of the moments that have an AUC."""
        usable = [value for value in self.values.values() if np.isfinite(value)]
        return float(np.mean(usable)) if usable else float("nan")

    @property
    def mean_drawn(self) -> Floats:
        """Return the mean in every draw, over the moments that have an AUC."""
        usable = [name for name, value in self.values.items() if np.isfinite(value)]
        return np.asarray(np.mean([self.drawn[name] for name in usable or self.values], axis=0))


def moment_aucs(scored: Scored, rows: TestRows, draws: Draws) -> MomentAucs:
    """Measure AUC at every moment of every period, once for all that needs it; for folds, of every fold.

    Margins of two folds come from two models: one that saw fewer outcomes says less of everybody, and ranking
    the folds' rows together would count that against both.
    """
    values, drawn = {}, {}
    for name, keep in rows.moments_apart.items():
        ranking = Ranking(scored.margin[keep], rows.label[keep])
        values[name] = ranking.auc()
        drawn[name] = ranking.drawn_aucs(draws.rows(keep))
    return MomentAucs(values, drawn, over_folds=rows.fold is not None)


def auc_among(scored: Scored, rows: TestRows, draws: Draws, keep: Flags) -> Figure:
    """Return the AUC among some of the rows, averaged over moments as that of all rows is."""
    own = Scored(scored.name, scored.margin[keep], scored.risk[keep], scored.lists)
    return moment_aucs(own, rows.take(keep), draws.rows(keep)).mean


def compare(
    one: tuple[Scored, MomentAucs], other: tuple[Scored, MomentAucs], rows: TestRows, draws: Draws
) -> Comparison:
    """Compare two models on the same draws."""
    (mine, my_aucs), (theirs, their_aucs) = one, other
    value = my_aucs.mean_value - their_aucs.mean_value
    auc = interval(value, my_aucs.mean_drawn - their_aucs.mean_drawn)
    gain = brier_rows(mine.risk, rows.label) - brier_rows(theirs.risk, rows.label)
    brier = ratio_figure(gain, np.ones(gain.size), draws)
    return Comparison(mine.name, theirs.name, auc, brier, verdict_of(auc))


def verdict_of(difference: Figure) -> str:
    """Say what an interval of a difference allows to say.

    >>> verdict_of(Figure(0.02, 0.01, 0.03)), verdict_of(Figure(0.02, -0.01, 0.05))
    ('beats', 'cannot tell')
    """
    if difference.low > 0:
        return "beats"
    if difference.high < 0:
        return "worse"
    return "cannot tell"

"""Say how much of the risk the school and the grade alone would tell, and what the individual score adds.

In Wisconsin's system, telling who is a student's school and grade did nearly as much as the individual score
(Perdomo et al. 2023, "Difficult lessons on social prediction from Wisconsin public schools"). Where that is
so, help for whole groups is the first thing to think of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats, Indexes, crossed_codes
from earlywarn.evaluation.audit.grouping import Grouping
from earlywarn.evaluation.audit.pairs import pair_aucs, pair_rows
from earlywarn.evaluation.capacity import precision_gain
from earlywarn.evaluation.figures import Draws, Figure, brier_rows, interval, ratio_figure
from earlywarn.evaluation.measures import MomentAucs, Scored, TestRows, compare, moment_aucs

NAME = "school and grade"


@dataclass(frozen=True)
class SchoolAndGrade:
    """The individual score beside a risk that knows only the school, the grade and the moment."""

    model: str
    share_seen: float
    """Rows whose school and grade the past had at that moment; the others are told the grade's rate."""
    auc: Figure
    brier: Figure
    base_brier: float
    """Of one rate per moment: what knowing nobody's school, grade or record would give."""
    n_listed: int
    """Units on one list for the whole network at each moment, as many as all schools' lists hold together."""
    precision: Figure
    precision_of_model: Figure
    auc_added: Figure
    """The individual score's figure minus that of school and grade, on the same draws."""
    brier_added: Figure
    precision_added: Figure
    verdict: str
    """beats, worse or cannot tell: the individual score beside school and grade, by AUC."""
    auc_within: Figure
    """The individual score among units of the same school and grade at the same moment."""
    n_pairs_within: int


def beside_school_and_grade(
    told: tuple[Scored, MomentAucs], risk: Floats, seen: Flags, rows: TestRows, draws: Draws
) -> SchoolAndGrade:
    """Measure what school and grade tell beside the model.

    Args:
        told: The chosen candidate, and its AUC per moment.
        risk: The risk that school, grade and moment alone gave, from the past.
        seen: The rows whose school and grade the past had.
        rows: What came true.
        draws: What intervals draw.
    """
    model, alone = told[0], Scored(NAME, risk, risk, told[0].lists)
    aucs = moment_aucs(alone, rows, draws)
    pair = compare(told, (alone, aucs), rows, draws)
    moments = crossed_codes(rows.period, rows.moment)
    sizes = np.bincount(moments[model.lists.listed], minlength=int(moments.max()) + 1)
    alones, models = (_listed(margin, rows.ties, moments, sizes) for margin in (risk, model.margin))
    within, n_pairs = _within(model.margin, rows, draws)
    base = np.bincount(moments, weights=rows.label) / np.bincount(moments)
    return SchoolAndGrade(
        model=model.name,
        share_seen=float(seen.mean()),
        auc=aucs.mean,
        brier=ratio_figure(brier_rows(risk, rows.label), np.ones(risk.size), draws),
        base_brier=float(brier_rows(base[moments], rows.label).mean()),
        n_listed=int(sizes.sum()),
        precision=ratio_figure(alones & rows.label, alones, draws),
        precision_of_model=ratio_figure(models & rows.label, models, draws),
        auc_added=pair.auc,
        brier_added=pair.brier,
        precision_added=precision_gain(models, alones, rows.label, draws),
        verdict=pair.verdict,
        auc_within=within,
        n_pairs_within=n_pairs,
    )


def _listed(margin: Floats, ties: Indexes, moments: Indexes, sizes: Indexes) -> Flags:
    """List the first of the whole network at each moment; a tie goes by the rule that rosters use."""
    order = np.lexsort((ties, -margin, moments))
    starts = np.searchsorted(moments[order], np.arange(sizes.size))
    listed = np.zeros(margin.size, dtype=bool)
    listed[order] = np.arange(margin.size) - starts[moments[order]] < sizes[moments[order]]
    return listed


def _within(margin: Floats, rows: TestRows, draws: Draws) -> tuple[Figure, int]:
    folds = [] if rows.fold is None else [rows.fold]
    strata = crossed_codes(rows.period, rows.moment, rows.school, rows.grade, *folds)
    everybody = Grouping("", ("",), np.zeros(margin.size, dtype=np.intp))
    pairs = pair_rows(margin, rows.label, strata)
    # A school drawn twice is two schools, whose pairs do not mix.
    of_stratum = np.full(int(strata.max()) + 1, -1, dtype=np.intp)
    of_stratum[strata] = draws.clusters
    nested = bool((of_stratum[strata] == draws.clusters).all())
    told = pair_aucs(pairs, everybody, draws, nested=nested)
    return interval(float(told.total[0]), told.drawn[:, 0]), round(float(pairs.all.sum()) / 2)

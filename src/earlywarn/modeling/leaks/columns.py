"""Single columns: none may rank the outcome better than is to be believed.

A column is ranked as it stands, with missing values first and then last, so that one that is missing for
exactly those with the outcome shows as well; its direction does not matter. The past and the held-out rows
are measured apart: what was filled in afterwards is often filled in for the past only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm, rankdata

from earlywarn.evaluation import (
    Finding,
    Flags,
    Floats,
    Indexes,
    LeakLimits,
    LeakVerdict,
    Words,
    by_word,
    crossed,
)
from earlywarn.modeling.candidates import Fitting
from earlywarn.modeling.leaks.sampling import FEWEST, LeakSample
from earlywarn.modeling.leaks.words import finding
from earlywarn.modeling.prepared import Prepared

MOST_NAMED = 5


def columns_alone(sample: LeakSample) -> Floats:
    """Return for each column its AUC alone, in the tested rows or in the past, whichever is higher."""
    if not sample.can_tell:
        return np.empty(0)
    cells = crossed(sample.rows.period, sample.rows.moment)

    def told(one: Prepared, part: Indexes) -> Floats:
        return aucs_alone(sample.values[part], one.truth(part), cells[part])

    first = sample.splits[0]
    tested = np.mean([told(one, one.split.test) for one in sample.splits], axis=0)
    return np.asarray(np.maximum(tested, told(first, first.split.train)))


def aucs_alone(values: Floats, label: Flags, cells: Words) -> Floats:
    """Return each column's AUC alone, whichever way it points, averaged over cells with enough outcomes.

    >>> column = np.array([[np.nan], [1.0], [2.0], [np.nan]])
    >>> aucs_alone(column, np.array([True, False, False, True]), np.array(["a"] * 4)).tolist()
    [1.0]
    """
    masks = [keep for keep in by_word(cells).values() if label[keep].any() and not label[keep].all()]
    enough = [keep for keep in masks if min(label[keep].sum(), (~label[keep]).sum()) >= FEWEST // 2]
    told = []
    for filler in (-np.inf, np.inf):
        filled = np.where(np.isnan(values), filler, values)
        aucs = [_aucs(filled[keep], label[keep]) for keep in enough or masks]
        told.append(np.mean(aucs, axis=0) if aucs else np.full(values.shape[1], 0.5))
    return np.asarray(0.5 + np.max(np.abs(np.array(told) - 0.5), axis=0))


def _aucs(values: Floats, label: Flags) -> Floats:
    n_with, n_without = int(label.sum()), int((~label).sum())
    ranks = rankdata(values, axis=0)[label].sum(axis=0)
    return np.asarray((ranks - n_with * (n_with + 1) / 2) / (n_with * n_without))


def single_column(
    aucs: Floats, names: Sequence[str], indicators: Sequence[str], limits: LeakLimits
) -> Finding:
    """Stop at a column above the limit; warn of an indicator far above the best of all others."""
    if not aucs.size:
        return finding("single_column", float("nan"), limits.single_column, "cannot tell")
    order = np.argsort(-aucs, kind="stable")
    best = int(order[0])
    above = tuple(names[place] for place in order if aucs[place] > limits.single_column)
    if above:
        value = float(aucs[best])
        return finding("single_column", value, limits.single_column, "stopped", columns=above[:MOST_NAMED])
    others = [float(aucs[place]) for place in order if indicators[place] != indicators[best]]
    lead = float(aucs[best]) - (others[0] if others else float(aucs[best]))
    verdict: LeakVerdict = "warned" if lead > limits.column_lead else "passed"
    return finding(
        "single_column", float(aucs[best]), limits.single_column, verdict, columns=(names[best],), lead=lead
    )


def planted(label: Floats, limit: float, fitting: Fitting) -> Floats:
    """Return the label with just so much noise that its AUC alone lies nine tenths of the way to 1.

    Of two normals one apart, with deviation s, the AUC is Phi(1 / (s sqrt(2))).
    """
    deviation = 1 / (np.sqrt(2) * norm.ppf(1 - (1 - limit) / 10))
    noise = np.random.default_rng(fitting.seed).normal(scale=deviation, size=label.size)
    return np.asarray(label + noise)

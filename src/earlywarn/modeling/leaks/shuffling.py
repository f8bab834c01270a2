"""Label shuffle: on labels that mean nothing, a model fitted on the past must rank the future by chance.

If it does better, rows or their labels stand on both sides of the split, or a fitted step has seen them.
Labels are permuted within each period and moment; every shuffle and cell is then independent of the model,
and the variance of its AUC is Mann and Whitney's (1947): (n1 + n0 + 1) / (12 n1 n0).
"""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation import Finding, Flags, Floats, LeakVerdict, Ranking, Words, by_word, crossed
from earlywarn.modeling.candidates import Fitting
from earlywarn.modeling.leaks.sampling import LeakSample, small_margins
from earlywarn.modeling.leaks.words import finding
from earlywarn.modeling.prepared import Prepared

N_SHUFFLES = 3
STANDARD_ERRORS = 4.0


def label_shuffle(sample: LeakSample, fitting: Fitting) -> Finding:
    """Refit a small model on shuffled labels; its AUC must lie at .5 within four standard errors."""
    generator = np.random.default_rng(fitting.seed)
    aucs: list[float] = []
    variances: list[float] = []
    n_shuffles = max(1, N_SHUFFLES // max(1, len(sample.splits)))
    for one in sample.splits:
        for _ in range(n_shuffles):
            _one_shuffle(sample, one, fitting, generator, (aucs, variances))
    if not aucs:
        return finding("label_shuffle", float("nan"), float("nan"), "cannot tell")
    error = float(np.sqrt(np.sum(variances))) / len(variances)
    mean, width = float(np.mean(aucs)), STANDARD_ERRORS * error
    verdict: LeakVerdict = "passed" if abs(mean - 0.5) <= width else "stopped"
    return finding("label_shuffle", mean, 0.5 + width, verdict)


def _one_shuffle(
    sample: LeakSample,
    one: Prepared,
    fitting: Fitting,
    generator: np.random.Generator,
    told: tuple[list[float], list[float]],
) -> None:
    train, test = one.split.train, one.split.test
    cells = crossed(sample.rows.period, sample.rows.moment)
    label = shuffled(one.rows.label, cells, generator)
    margin = small_margins(one.train, label[train] > 0.5, one.test, one.names, fitting)
    for keep in by_word(cells[test]).values():
        truth = label[test][keep] > 0.5
        n_with, n_without = int(truth.sum()), int((~truth).sum())
        if n_with and n_without:
            told[0].append(Ranking(margin[keep], truth).auc())
            told[1].append((n_with + n_without + 1) / (12 * n_with * n_without))


def shuffled(label: Floats, cells: Words, generator: np.random.Generator) -> Floats:
    """Permute the known labels within each cell; a row that trains and tests keeps one label for both."""
    found = label.copy()
    known: Flags = np.isfinite(label)
    for keep in by_word(cells).values():
        chosen = np.flatnonzero(keep & known)
        found[chosen] = label[generator.permutation(chosen)]
    return found

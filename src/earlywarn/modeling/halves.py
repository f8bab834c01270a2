"""Choose settings so that what is then measured is not flattered by the choosing.

Tested rows stand in two halves of students. Each half is told by the settings that lost least on the other
half, and turned into chances by a line fitted on the other half: best-of-many on the very rows that are then
compared would favor whatever was tried most often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation import Flags, Floats, Words, logit
from earlywarn.modeling.calibrators import fit_sigmoid, log_loss
from earlywarn.modeling.prepared import Prepared
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.splits import fold_of
from earlywarn.modeling.trials import Trial


@dataclass(frozen=True, eq=False)
class Halves:
    """The tested rows of inner splits, halved by student."""

    names: tuple[str, ...]
    truths: tuple[Flags, ...]
    firsts: tuple[Flags, ...]
    weights: tuple[float, ...]
    """How much each split counts: along time half of the one after it, otherwise by its rows."""
    by_time: bool

    @property
    def row_weights(self) -> Floats:
        """Return each tested row's weight."""
        pairs = zip(self.weights, self.truths, strict=True)
        return np.concatenate([np.full(truth.size, weight / truth.size) for weight, truth in pairs])

    @property
    def splits(self) -> Words:
        """Return the split of each tested row."""
        pairs = zip(self.names, self.truths, strict=True)
        return np.concatenate([np.full(truth.size, name) for name, truth in pairs])

    def risks(self, margins: Sequence[Floats]) -> tuple[Floats, ...]:
        """Turn margins into chances, each half by a line fitted on the other half.

        Splits along time have each its own line, as each later period is calibrated by the one before it;
        folds share one.
        """
        return self._lined(margins, crossed=True)

    def own_risks(self, risks: Sequence[Floats]) -> tuple[Floats, ...]:
        """Turn chances into those of the line that each half fits on itself, for comparing candidates.

        All are flattered alike, by one line. At the line that fits best the loss does not move with the line,
        so draws of rows tell how a comparison varies though they fit no line anew. By the other half's line,
        whoever tells nothing loses on both halves what chance had it say of one, and no draw knows of it.
        """
        return self._lined([logit(risk) for risk in risks], crossed=False)

    def _lined(self, margins: Sequence[Floats], *, crossed: bool) -> tuple[Floats, ...]:
        if self.by_time:
            pairs = zip(margins, self.truths, self.firsts, strict=True)
            return tuple(_lined(*one, crossed=crossed) for one in pairs)
        margin, truth, first = (
            np.concatenate(margins),
            np.concatenate(self.truths),
            np.concatenate(self.firsts),
        )
        ends = np.cumsum([one.size for one in self.truths])[:-1]
        return tuple(np.split(_lined(margin, truth, first, crossed=crossed), ends))

    def joined(self, by_first: Sequence[Floats], by_second: Sequence[Floats]) -> tuple[Floats, ...]:
        """Take each half from what the other half chose."""
        pairs = zip(self.firsts, by_second, by_first, strict=True)
        return tuple(np.where(first, for_first, for_second) for first, for_first, for_second in pairs)

    def losses(self, risks: Sequence[Floats]) -> tuple[float, float]:
        """Return the mean log loss of the first halves and of the second."""
        total = np.zeros(2)
        for risk, truth, first, weight in zip(risks, self.truths, self.firsts, self.weights, strict=True):
            total += [weight * log_loss(risk[half], truth[half]) for half in (first, ~first)]
        return float(total[0] / sum(self.weights)), float(total[1] / sum(self.weights))


def halves_of(rows: LabeledRows, splits: Sequence[Prepared]) -> Halves:
    """Halve the tested rows by a hash of the student."""
    by_time = all(one.split.by_time for one in splits)
    tests = [one.split.test for one in splits]
    return Halves(
        names=tuple(one.split.name for one in splits),
        truths=tuple(one.truth(one.split.test) for one in splits),
        firsts=tuple(fold_of(rows.student[test], 2) == 0 for test in tests),
        weights=tuple(0.5**place if by_time else float(test.size) for place, test in enumerate(tests)),
        by_time=by_time,
    )


@dataclass(frozen=True, eq=False)
class Told:
    """What one setting says of each split's tested rows, once as each half would have it.

    The two differ where the halves choose for themselves when to stop.
    """

    by_first: tuple[Floats, ...]
    by_second: tuple[Floats, ...]


@dataclass(frozen=True, eq=False)
class Tried:
    """One setting, what it says, and what it loses on each half."""

    settings: Mapping[str, float]
    told: Told
    losses: tuple[float, float]

    @property
    def loss(self) -> float:
        """Return the mean over the halves, rounded: the last bits are no reason to prefer a setting."""
        return round(sum(self.losses) / 2, 9)


def tried(settings: Mapping[str, float], told: Told, halves: Halves) -> Tried:
    """Measure one setting."""
    # A half is measured by the stop that the other half chose.
    risks = halves.joined(halves.risks(told.by_first), halves.risks(told.by_second))
    return Tried(settings, told, halves.losses(risks))


def alike(margins: Sequence[Floats]) -> Told:
    """Return what a setting says where the halves choose nothing."""
    return Told(tuple(margins), tuple(margins))


@dataclass(frozen=True)
class Best:
    """Places among the tried settings: least loss over both halves, over the first, and over the second."""

    overall: int
    first: int
    second: int


def best_of(found: Sequence[Tried]) -> Best:
    """Return the settings that lost least; the earlier of two alike."""
    return Best(
        int(np.argmin([one.loss for one in found])),
        int(np.argmin([round(one.losses[0], 9) for one in found])),
        int(np.argmin([round(one.losses[1], 9) for one in found])),
    )


def crossed_risks(found: Sequence[Tried], best: Best, halves: Halves) -> tuple[Floats, ...]:
    """Tell each half by the settings that the other half chose, with their line."""
    by_first, by_second = found[best.first].told.by_first, found[best.second].told.by_second
    return halves.joined(halves.risks(by_first), halves.risks(by_second))


def trials_of(name: str, found: Sequence[Tried], best: Best, halves: Halves) -> tuple[Trial, ...]:
    """Return what was tried, for the record."""
    told = ", ".join(halves.names)
    return tuple(
        Trial(name, place, dict(one.settings), one.loss, told, is_best=place == best.overall)
        for place, one in enumerate(found)
    )


def _lined(margin: Floats, truth: Flags, first: Flags, *, crossed: bool) -> Floats:
    risk = np.empty(truth.size)
    for half in (first, ~first):
        taught = ~half if crossed else half
        risk[half] = fit_sigmoid(margin[taught], truth[taught]).risks(margin[half])
    return risk

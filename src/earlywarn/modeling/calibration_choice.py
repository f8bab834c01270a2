"""Choose how margins are calibrated: by the next cohort where there is one, otherwise by parts left out.

A method is judged by log loss on rows that it was not fitted on; the simplest within one standard error of
the best is taken, then fitted on the latest past cohort (Breiman et al. 1984 for the rule of one error).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation import FEWEST_SCHOOLS, Flags, Floats, Indexes, codes_of
from earlywarn.modeling.calibrators import FEWEST_FOR_STAIRS, METHODS, Calibrator, log_loss_rows
from earlywarn.modeling.rows import LabeledRows


@dataclass(frozen=True, eq=False)
class ToldRows:
    """Margins told of rows that trained no part of the model that told them, and what came true."""

    margin: Floats
    label: Flags
    student: Indexes
    school: Indexes

    def take(self, keep: Flags | Indexes) -> ToldRows:
        """Return some of the rows."""
        return ToldRows(self.margin[keep], self.label[keep], self.student[keep], self.school[keep])

    def clusters(self) -> Indexes:
        """Return what intervals draw as wholes: schools, or students where schools are few."""
        schools = codes_of(self.school)
        enough = schools.size and schools.max() + 1 >= FEWEST_SCHOOLS
        return schools if enough else codes_of(self.student)


def told_rows(rows: LabeledRows, chosen: Indexes, margin: Floats, label: Flags) -> ToldRows:
    """Return some rows with the margins told of them and what came true."""
    return ToldRows(margin, label, rows.codes_of_students[chosen], rows.codes_of_schools[chosen])


def fit_calibrator(margin: Floats, label: Flags, student: Indexes | None = None) -> Calibrator:
    """Fit a calibrator on one cohort; halves of the students judge the method."""
    student = np.arange(label.size) if student is None else student
    return calibrated([ToldRows(margin, label, student, np.zeros_like(student))], by_time=True)


def calibrated(told: Sequence[ToldRows], *, by_time: bool) -> Calibrator:
    """Fit on the latest cohort, or on all folds, by the method that serves best where it was not fitted.

    Args:
        told: Cohorts, the latest first; or folds, of which none is later.
        by_time: Which of the two they are.
    """
    basis = basis_of(told, by_time=by_time)
    return METHODS[chosen_method(told, by_time=by_time)](basis.margin, basis.label)


def basis_of(told: Sequence[ToldRows], *, by_time: bool) -> ToldRows:
    """Return the rows that a calibrator is fitted on in the end: the latest cohort, or all folds."""
    return told[0] if by_time else _joined(told)


def chosen_method(told: Sequence[ToldRows], *, by_time: bool) -> str:
    """Name the simplest method within one standard error of the best."""
    steps = _steps(told, by_time=by_time)
    fewest = min(int(before.label.sum()) for before, _ in steps)
    names = [name for name in METHODS if name != "isotonic" or fewest >= FEWEST_FOR_STAIRS]
    students = np.concatenate([after.student for _, after in steps])
    losses = {
        name: np.concatenate([_losses(METHODS[name], before, after) for before, after in steps])
        for name in names
    }
    best = min(names, key=lambda name: float(losses[name].mean()))
    return next(name for name in names if _within_noise(losses[name] - losses[best], students))


def _steps(told: Sequence[ToldRows], *, by_time: bool) -> list[tuple[ToldRows, ToldRows]]:
    """Pair what methods are fitted on with what judges them."""
    if by_time and len(told) > 1:
        return [(told[1], told[0])]
    if not by_time and len(told) > 1:
        return [(_joined([one for one in told if one is not fold]), fold) for fold in told]
    half = told[0].student % 2 == 0
    return [(told[0].take(half), told[0].take(~half)), (told[0].take(~half), told[0].take(half))]


def _joined(told: Sequence[ToldRows]) -> ToldRows:
    return ToldRows(
        np.concatenate([one.margin for one in told]),
        np.concatenate([one.label for one in told]),
        np.concatenate([one.student for one in told]),
        np.concatenate([one.school for one in told]),
    )


def _losses(fit: Callable[[Floats, Flags], Calibrator], before: ToldRows, after: ToldRows) -> Floats:
    return log_loss_rows(fit(before.margin, before.label).risks(after.margin), after.label)


def _within_noise(excess: Floats, student: Indexes) -> bool:
    """Say whether a mean excess loss is at most its standard error, students drawn as wholes."""
    mean = float(excess.mean())
    per_student = np.bincount(student, weights=excess - mean)
    return mean <= float(np.sqrt(np.sum(per_student**2))) / excess.size

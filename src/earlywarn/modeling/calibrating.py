"""Calibrate a fitted model by what its inner or held-out tests told, and set its level on the latest cohort.

Tests along time are told by models that had not seen the cohort that calibrates them. The model in use has,
so part of the level that they correct is in it already; correcting it twice would send risks past the rate.
"""

from __future__ import annotations

from collections.abc import Sequence

from earlywarn.evaluation import Flags, Floats
from earlywarn.modeling.bounded import margins_of
from earlywarn.modeling.calibration_choice import ToldRows, basis_of, calibrated
from earlywarn.modeling.calibrators import Calibrator, level_shift, shifted
from earlywarn.modeling.candidates import Fitting, Inner, calibrator_of, told_of
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.prepared import Prepared
from earlywarn.modeling.risk_ranges import RiskRange, fit_risk_range
from earlywarn.modeling.rows import LabeledRows


def calibrated_model(
    model: FittedModel,
    inner: Inner,
    rows: LabeledRows,
    splits: Sequence[Prepared],
    whole: Prepared,
    fitting: Fitting,
) -> Calibrator:
    """Return the calibrator of a model fitted on a whole past, from its candidate's inner splits.

    Args:
        model: The fitted model.
        inner: What its candidate told inside the past.
        rows: All rows.
        splits: The inner splits, the latest first where they follow time.
        whole: That past, with the values of all rows as the model knows them.
        fitting: What fitting may use of the machine.
    """
    calibrator, latest = calibrator_of(inner, rows, splits), splits[0]
    if not latest.split.by_time:
        return calibrator
    seen = margins_of(model, whole, latest.split.test, fitting)
    return shifted(calibrator, level_shift(calibrator, seen, latest.truth(latest.split.test)))


def calibrator_without(
    inner: Inner, rows: LabeledRows, splits: Sequence[Prepared], left_out: Flags
) -> Calibrator:
    """Return the calibrator by what was told of rows that are not left out."""
    told = told_of(inner, rows, splits)
    kept = [part.take(~left_out[one.split.test]) for part, one in zip(told, splits, strict=True)]
    return calibrated(kept, by_time=splits[0].split.by_time)


def final_calibration(
    told: Sequence[ToldRows], now: Floats | None, *, seed: int
) -> tuple[Calibrator, RiskRange]:
    """Return the calibrator of the model that is kept, and how far its risks may be off.

    Args:
        told: What the chosen candidate told: the held-out future, which is the latest past cohort by now,
            then its past; or fold by fold.
        now: The margins of the first of these by the model that is kept; None where these are folds.
        seed: Decides what the range draws.
    """
    by_time = now is not None
    calibrator = calibrated(told, by_time=by_time)
    found = fit_risk_range(basis_of(told, by_time=by_time), seed=seed)
    if now is None:
        return calibrator, found
    shift = level_shift(calibrator, now, told[0].label)
    return shifted(calibrator, shift), found.shifted(shift)

"""The model that is kept means rates on the latest cohort, whatever the model said that was tested on it."""

from __future__ import annotations

import numpy as np
import pytest

from earlywarn.modeling import FittedModel, LinearTerm
from earlywarn.modeling.calibrating import final_calibration
from earlywarn.modeling.calibration_choice import ToldRows
from earlywarn.modeling.calibrators import fit_sigmoid

MODEL = FittedModel("logistic", ("x",), linear=(LinearTerm("x", 0.0, 1.0, 1.0, 0.0, 0.0),))


def _cohort(seed: int, *, level: float) -> tuple[ToldRows, np.ndarray]:
    """Return what an earlier model, `level` off, told of rows whose outcomes count x half; and x."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=6000)
    label = generator.random(6000) < 1 / (1 + np.exp(-0.5 * x + 0.5))
    return ToldRows(x + level, label, np.arange(6000), np.zeros(6000, dtype=np.intp)), x[:, None]


def test_a_level_that_the_model_has_learned_since_is_not_corrected_twice() -> None:
    """Mean risk on the latest cohort is its rate, and the range moves along."""
    (latest, values), (earlier, _) = _cohort(0, level=0.8), _cohort(1, level=0.8)
    margins = MODEL.margins(values)

    calibrator, found = final_calibration((latest, earlier), margins, seed=0)
    low, high = found.bounds(margins)

    assert calibrator.risks(margins).mean() == pytest.approx(latest.label.mean(), abs=1e-6)
    assert low.mean() < latest.label.mean() < high.mean()


def test_folds_keep_the_level_that_they_were_fitted_with() -> None:
    """Folds saw the same years as the model that is kept: nothing was learned since."""
    folds = tuple(_cohort(seed, level=0.0)[0] for seed in (0, 1))

    calibrator, _ = final_calibration(folds, None, seed=0)

    together = np.concatenate([one.margin for one in folds])
    assert calibrator == fit_sigmoid(together, np.concatenate([one.label for one in folds]))

"""Turn margins into risks, from the calibrator's JSON; the same numbers as in training.

Points by rules promise no rate: their calibrator says "none", and every risk is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from earlywarn.errors import DamagedModelError
from earlywarn.scoring.trees import Floats

_LARGEST_EXPONENT = 500.0
NO_RISK = "none"
"""The method of a list that promises no rate: it ranks, and says no risk."""


@dataclass(frozen=True, eq=False)
class Calibrator:
    """A monotone curve from margin to risk: a sigmoid, or straight lines between knots."""

    method: str
    slope: float = 0.0
    intercept: float = 0.0
    x: Floats | None = None
    y: Floats | None = None

    def risks(self, margins: Floats) -> Floats:
        """Return one risk per margin.

        >>> Calibrator("sigmoid", slope=2.0, intercept=-1.0).risks(np.array([0.5])).tolist()
        [0.5]
        """
        if self.method == NO_RISK:
            return np.full(np.shape(margins), np.nan)
        if self.x is not None and self.y is not None:
            return np.asarray(np.interp(margins, self.x, self.y))
        exponent = np.clip(self.intercept + self.slope * margins, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)
        return np.asarray(1 / (1 + np.exp(-exponent)))


def calibrator_from(content: Mapping[str, object]) -> Calibrator:
    """Read a calibrator, and refuse one that could turn a list over.

    Raises:
        DamagedModelError: The content is no calibrator, or its risks fall as margins rise.
    """
    try:
        return _read(content)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedModelError(
            "the calibrator is not a rising curve from margins to risks", todo="publish the model again"
        ) from error


def _read(content: Mapping[str, object]) -> Calibrator:
    if content["method"] == NO_RISK:
        return Calibrator(NO_RISK)
    if content["method"] == "sigmoid":
        slope, intercept = float(str(content["slope"])), float(str(content["intercept"]))
        if not (slope > 0 and np.isfinite([slope, intercept]).all()):
            raise ValueError("slope")
        return Calibrator("sigmoid", slope=slope, intercept=intercept)
    x = np.asarray(content["x"], dtype=np.float64)
    y = np.asarray(content["y"], dtype=np.float64)
    rising = x.ndim == 1 and x.shape == y.shape and x.size > 0 and bool(np.all(np.diff(x) > 0))
    if not (rising and np.all(np.diff(y) >= 0) and y[0] >= 0 and y[-1] <= 1):
        raise ValueError("knots")
    return Calibrator("isotonic", x=x, y=y)

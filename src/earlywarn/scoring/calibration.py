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
    """A rising curve from margin to risk: two slopes in log-odds, or straight lines between knots.

    A sigmoid has the same slope below and above; a beta curve (Kull, Silva Filho, Flach 2017) has two.
    """

    method: str
    slope: float = 0.0
    intercept: float = 0.0
    x: Floats | None = None
    y: Floats | None = None
    slope_above: float | None = None
    """A beta curve's slope far above zero, where `slope` is the one far below."""

    def risks(self, margins: Floats) -> Floats:
        """Return one risk per margin.

        >>> Calibrator("sigmoid", slope=2.0, intercept=-1.0).risks(np.array([0.5])).tolist()
        [0.5]
        """
        if self.method == NO_RISK:
            return np.full(np.shape(margins), np.nan)
        if self.x is not None and self.y is not None:
            return np.asarray(np.interp(margins, self.x, self.y))
        if self.slope_above is None:
            exponent = self.intercept + self.slope * margins
        else:
            above = np.logaddexp(0.0, margins)
            exponent = self.intercept + self.slope * (margins - above) + self.slope_above * above
        # In two steps: `np.clip` costs a single row more than all the rest.
        kept = np.minimum(np.maximum(exponent, -_LARGEST_EXPONENT), _LARGEST_EXPONENT)
        return np.asarray(1 / (1 + np.exp(-kept)))


def calibrator_from(content: Mapping[str, object]) -> Calibrator:
    """Read a calibrator, and refuse one that could turn a list over.

    Raises:
        DamagedModelError: The content is no calibrator, or its risks fall as margins rise.
    """
    try:
        method = str(content["method"])
        return _READERS[method](content)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedModelError(
            "the calibrator is not a rising curve from margins to risks", todo="publish the model again"
        ) from error


def _no_risk(_content: Mapping[str, object]) -> Calibrator:
    return Calibrator(NO_RISK)


def _identity(_content: Mapping[str, object]) -> Calibrator:
    return Calibrator("identity", slope=1.0)


def _sigmoid(content: Mapping[str, object]) -> Calibrator:
    slope, intercept = _numbers(content, "slope", "intercept")
    if slope <= 0:
        raise ValueError("slope")
    return Calibrator("sigmoid", slope=slope, intercept=intercept)


def _beta(content: Mapping[str, object]) -> Calibrator:
    below, above, intercept = _numbers(content, "a", "b", "c")
    if min(below, above) < 0 or below + above <= 0:
        raise ValueError("slopes")
    return Calibrator("beta", slope=below, intercept=intercept, slope_above=above)


def _isotonic(content: Mapping[str, object]) -> Calibrator:
    x = np.asarray(content["x"], dtype=np.float64)
    y = np.asarray(content["y"], dtype=np.float64)
    rising = x.ndim == 1 and x.shape == y.shape and x.size > 0 and bool(np.all(np.diff(x) > 0))
    if not (rising and np.all(np.diff(y) >= 0) and y[0] >= 0 and y[-1] <= 1):
        raise ValueError("knots")
    return Calibrator("isotonic", x=x, y=y)


def _numbers(content: Mapping[str, object], *names: str) -> tuple[float, ...]:
    numbers = tuple(float(str(content[name])) for name in names)
    if not np.isfinite(numbers).all():
        raise ValueError("no finite number")
    return numbers


_READERS = {
    NO_RISK: _no_risk,
    "identity": _identity,
    "sigmoid": _sigmoid,
    "beta": _beta,
    "isotonic": _isotonic,
}

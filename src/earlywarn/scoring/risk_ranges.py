"""Say how far a risk may be off, from the bounds that training left as JSON: two rising step functions.

The numbers are those of training; numpy alone reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from earlywarn.errors import DamagedModelError
from earlywarn.scoring.trees import Floats


@dataclass(frozen=True, eq=False)
class RiskRange:
    """The low bound steps at its knots, the high one past its own; `y` has one more value than `x`."""

    low_x: Floats
    low_y: Floats
    high_x: Floats
    high_y: Floats

    def bounds(self, margins: Floats, risks: Floats) -> tuple[Floats, Floats]:
        """Return the low and the high bound of each risk, which lies between them.

        >>> one = RiskRange(np.array([0.0]), np.array([0.1, 0.4]), np.array([1.0]), np.array([0.5, 0.9]))
        >>> [bound.tolist() for bound in one.bounds(np.array([0.0, 2.0]), np.array([0.3, 0.95]))]
        [[0.3, 0.4], [0.5, 0.95]]
        """
        low, high = self._steps(margins)
        # The risk is the calibrator's, which smooths; where it leaves the bounds, they widen up to it.
        return np.minimum(low, risks), np.maximum(high, risks)

    def is_ordered(self) -> bool:
        """Say whether the low bound is nowhere above the high one."""
        low, high = self._steps(np.concatenate([self.low_x, self.high_x, [-np.inf, np.inf]]))
        return bool(np.all(low <= high))

    def _steps(self, margins: Floats) -> tuple[Floats, Floats]:
        low = self.low_y[np.searchsorted(self.low_x, margins, side="right")]
        return low, self.high_y[np.searchsorted(self.high_x, margins, side="left")]


def risk_range_from(content: Mapping[str, object]) -> RiskRange:
    """Read the bounds, and refuse what falls, crosses or leaves 0 to 1.

    Raises:
        DamagedModelError: The content is no pair of bounds.
    """
    try:
        if content["method"] != "venn_abers":
            raise ValueError("method")  # noqa: TRY301 - one refusal for whatever is wrong
        (low_x, low_y), (high_x, high_y) = _steps(content["low"]), _steps(content["high"])
        found = RiskRange(low_x, low_y, high_x, high_y)
        if not found.is_ordered():
            raise ValueError("bounds cross")  # noqa: TRY301
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedModelError(
            "the range of risks is no pair of rising bounds", todo="publish the model again"
        ) from error
    return found


def _steps(content: object) -> tuple[Floats, Floats]:
    parts = cast("Mapping[str, object]", content)
    x, y = np.asarray(parts["x"], dtype=np.float64), np.asarray(parts["y"], dtype=np.float64)
    plain = x.ndim == 1 and y.shape == (x.size + 1,) and bool(np.isfinite(x).all())
    if not (plain and np.all(np.diff(x) > 0) and np.all(np.diff(y) >= 0) and y[0] >= 0 and y[-1] <= 1):
        raise ValueError("steps")
    return x, y

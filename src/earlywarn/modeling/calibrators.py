"""Curves from margins to risks that mean rates, kept as JSON: none at all, a sigmoid, a beta curve, stairs.

Every curve rises with the margin, so that none can turn a list over. Which one is taken is decided in
`calibration_choice`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq, isotonic_regression, minimize

from earlywarn.evaluation import Flags, Floats, fit_line

SMALLEST_SLOPE = 0.01
"""A slope below zero would turn lists over; this one keeps their order and says nearly the same of all."""

LARGEST_SHIFT = 5.0

FEWEST_FOR_STAIRS = 1000
"""With fewer outcomes than this, the staircase fits noise and is not tried."""


@dataclass(frozen=True)
class Identity:
    """The margin is taken at its word: risk = 1 / (1 + exp(-margin))."""

    def risks(self, margin: Floats) -> Floats:
        """Return one risk per margin.

        >>> Identity().risks(np.array([0.0])).tolist()
        [0.5]
        """
        return _chance(margin)

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibrator.json` holds."""
        return {"method": "identity"}


@dataclass(frozen=True)
class Sigmoid:
    """Risk = 1 / (1 + exp(-(intercept + slope x margin))) (Platt 1999)."""

    slope: float
    intercept: float

    def risks(self, margin: Floats) -> Floats:
        """Return one risk per margin.

        >>> Sigmoid(1.0, 0.0).risks(np.array([0.0])).tolist()
        [0.5]
        """
        return _chance(self.intercept + self.slope * margin)

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibrator.json` holds."""
        return {"method": "sigmoid", "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True)
class Beta:
    """Log-odds = c + a ln s - b ln(1 - s), s the margin's own chance (Kull, Silva Filho, Flach 2017).

    The margin counts `a` times far below zero and `b` times far above; neither is negative.
    """

    a: float
    b: float
    c: float

    def risks(self, margin: Floats) -> Floats:
        """Return one risk per margin; a = b is a sigmoid.

        >>> Beta(1.0, 1.0, 0.0).risks(np.array([0.0])).tolist()
        [0.5]
        """
        below, above = _beta_parts(margin)
        return _chance(self.c + self.a * below + self.b * above)

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibrator.json` holds."""
        return {"method": "beta", "a": self.a, "b": self.b, "c": self.c}


@dataclass(frozen=True)
class Isotonic:
    """Straight lines between knots, never falling; flat beyond the ends."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def risks(self, margin: Floats) -> Floats:
        """Return one risk per margin.

        >>> Isotonic((0.0, 1.0), (0.1, 0.3)).risks(np.array([-5.0, 0.5, 5.0])).round(2).tolist()
        [0.1, 0.2, 0.3]
        """
        return np.asarray(np.interp(margin, self.x, self.y))

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibrator.json` holds."""
        return {"method": "isotonic", "x": list(self.x), "y": list(self.y)}


@dataclass(frozen=True)
class NoRisk:
    """Points by rules: they rank, and no rate is known for them, so no risk is said."""

    def risks(self, margin: Floats) -> Floats:
        """Return a missing risk per margin.

        >>> NoRisk().risks(np.array([2.0])).tolist()
        [nan]
        """
        return np.full(margin.shape, np.nan)

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibrator.json` holds."""
        return {"method": "none"}


Calibrator = Identity | Sigmoid | Beta | Isotonic | NoRisk


def fit_identity(_margin: Floats, _label: Flags) -> Identity:
    """Take margins as they are."""
    return Identity()


def fit_sigmoid(margin: Floats, label: Flags) -> Sigmoid:
    """Fit slope and intercept; the slope is kept above zero."""
    slope, intercept = fit_line(margin, label)
    if slope <= SMALLEST_SLOPE:
        slope = SMALLEST_SLOPE
        share = float(np.clip(label.mean(), 1e-6, 1 - 1e-6))
        intercept = float(np.log(share / (1 - share)) - slope * margin.mean())
    return Sigmoid(slope, intercept)


def fit_beta(margin: Floats, label: Flags) -> Beta:
    """Fit both slopes and the intercept by likelihood, from the sigmoid on; slopes are kept above zero."""
    below, above = _beta_parts(margin)
    parts = np.column_stack([below, above, np.ones(margin.size)])
    truth = label.astype(np.float64)

    def loss(weights: Floats) -> tuple[float, Floats]:
        told = parts @ weights
        # ln(1 + e^t) - y t, without overflow.
        value = float(np.mean(np.logaddexp(0.0, told) - truth * told))
        return value, parts.T @ (_chance(told) - truth) / truth.size

    line = fit_sigmoid(margin, label)
    bounds = [(SMALLEST_SLOPE, None), (SMALLEST_SLOPE, None), (None, None)]
    # scikit-learn's logistic regression knows no bounds on its weights.
    found = minimize(
        loss,
        np.array([line.slope, line.slope, line.intercept]),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-13, "gtol": 1e-9},
    ).x
    return Beta(float(found[0]), float(found[1]), float(found[2]))


def fit_isotonic(margin: Floats, label: Flags, *, n_knots: int = 50) -> Isotonic:
    """Fit a monotone curve through the rates of equal bins; the curve never promises certainty."""
    order = np.argsort(margin, kind="stable")
    parts = [part for part in np.array_split(order, n_knots) if part.size]
    x = np.array([margin[part].mean() for part in parts])
    # Half an outcome is added to each side, so that no bin says 0 or 1.
    y = np.array([(label[part].sum() + 0.5) / (part.size + 1.0) for part in parts])
    sizes = np.array([part.size for part in parts], dtype=np.float64)
    smooth = isotonic_regression(y, weights=sizes).x
    places = np.concatenate(([True], np.diff(x) > 0))
    return Isotonic(tuple(x[places].tolist()), tuple(smooth[places].tolist()))


def shifted(calibrator: Calibrator, shift: float) -> Calibrator:
    """Move every risk by as much in log-odds.

    >>> shifted(Sigmoid(1.0, 0.5), -0.5)
    Sigmoid(slope=1.0, intercept=0.0)
    """
    if isinstance(calibrator, Identity):
        return calibrator if shift == 0 else Sigmoid(1.0, shift)
    if isinstance(calibrator, Sigmoid):
        return replace(calibrator, intercept=calibrator.intercept + shift)
    if isinstance(calibrator, Beta):
        return replace(calibrator, c=calibrator.c + shift)
    if isinstance(calibrator, NoRisk):
        return calibrator
    return replace(calibrator, y=tuple(moved_odds(np.array(calibrator.y), shift).tolist()))


def moved_odds(risk: Floats, shift: float) -> Floats:
    """Move risks in log-odds; 0 and 1 stay.

    >>> moved_odds(np.array([0.0, 0.5, 1.0]), np.log(3)).round(3).tolist()
    [0.0, 0.75, 1.0]
    """
    odds = np.exp(shift)
    return np.asarray(odds * risk / (1 - risk + odds * risk))


def level_shift(calibrator: Calibrator, margin: Floats, label: Flags) -> float:
    """Return the shift in log-odds by which the mean risk of some rows becomes their rate.

    A level that was fitted before the model had seen a cohort corrects for what the model has learned since;
    counted twice, it would move risks away from the rate. Where margins are taken at their word, no level was
    fitted, and nothing moves.
    """
    rate = float(label.mean())
    if isinstance(calibrator, Identity) or not 0 < rate < 1:
        return 0.0
    risk = calibrator.risks(margin)
    if not (_mean(risk, -LARGEST_SHIFT) < rate < _mean(risk, LARGEST_SHIFT)):
        return 0.0
    found = brentq(lambda shift: _mean(risk, shift) - rate, -LARGEST_SHIFT, LARGEST_SHIFT, xtol=1e-12)
    return float(found)


def _mean(risk: Floats, shift: float) -> float:
    return float(moved_odds(risk, shift).mean())


METHODS: dict[str, Callable[[Floats, Flags], Calibrator]] = {
    "identity": fit_identity,
    "sigmoid": fit_sigmoid,
    "beta": fit_beta,
    "isotonic": fit_isotonic,
}
"""From simple to complex."""


def log_loss(risk: Floats, label: Flags) -> float:
    """Return mean log loss."""
    return float(np.mean(log_loss_rows(risk, label)))


def log_loss_rows(risk: Floats, label: Flags) -> Floats:
    """Return the log loss of each risk."""
    kept = np.clip(risk, 1e-9, 1 - 1e-9)
    return np.asarray(-np.where(label, np.log(kept), np.log(1 - kept)))


def calibrator_from(content: Mapping[str, Any]) -> Calibrator:
    """Read a calibrator back."""
    if content["method"] == "identity":
        return Identity()
    if content["method"] == "none":
        return NoRisk()
    if content["method"] == "sigmoid":
        return Sigmoid(float(content["slope"]), float(content["intercept"]))
    if content["method"] == "beta":
        return Beta(float(content["a"]), float(content["b"]), float(content["c"]))
    return Isotonic(tuple(content["x"]), tuple(content["y"]))


def _chance(margin: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(margin, -500, 500))))


def _beta_parts(margin: Floats) -> tuple[Floats, Floats]:
    """Return ln s and -ln(1 - s), s the margin's own chance, without taking it near 0 or 1."""
    above = np.logaddexp(0.0, margin)
    return np.asarray(margin - above), above

"""Turn margins into risks that mean rates: a sigmoid or a monotone staircase, kept as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from earlywarn.evaluation import Flags, Floats, Indexes, fit_line

FEWEST_FOR_STAIRS = 1000
"""With fewer outcomes than this, the staircase fits noise; the sigmoid is used."""


@dataclass(frozen=True)
class Sigmoid:
    """Risk = 1 / (1 + exp(-(intercept + slope x margin)))."""

    slope: float
    intercept: float

    def risks(self, margin: Floats) -> Floats:
        """Return one risk per margin.

        >>> Sigmoid(1.0, 0.0).risks(np.array([0.0])).tolist()
        [0.5]
        """
        return np.asarray(1 / (1 + np.exp(-np.clip(self.intercept + self.slope * margin, -500, 500))))

    def to_dict(self) -> dict[str, Any]:
        """Return what `calibrator.json` holds."""
        return {"method": "sigmoid", "slope": self.slope, "intercept": self.intercept}


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


Calibrator = Sigmoid | Isotonic | NoRisk


def fit_sigmoid(margin: Floats, label: Flags) -> Sigmoid:
    """Fit slope and intercept; a slope below zero would turn lists over, so it is kept above."""
    slope, intercept = fit_line(margin, label)
    if slope <= 0.01:
        slope = 0.01
        share = float(np.clip(label.mean(), 1e-6, 1 - 1e-6))
        intercept = float(np.log(share / (1 - share)) - slope * margin.mean())
    return Sigmoid(slope, intercept)


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


def log_loss(risk: Floats, label: Flags) -> float:
    """Return mean log loss."""
    kept = np.clip(risk, 1e-9, 1 - 1e-9)
    return float(-np.mean(np.where(label, np.log(kept), np.log(1 - kept))))


def fit_calibrator(margin: Floats, label: Flags, student: Indexes | None = None) -> Calibrator:
    """Fit the sigmoid, or the staircase where it is plainly better on the other half of the students."""
    sigmoid = fit_sigmoid(margin, label)
    if int(label.sum()) < FEWEST_FOR_STAIRS:
        return sigmoid
    half = (np.arange(label.size) % 2 == 0) if student is None else (student % 2 == 0)
    losses = np.zeros(2)
    for one, other in ((half, ~half), (~half, half)):
        losses += [
            log_loss(fit_sigmoid(margin[one], label[one]).risks(margin[other]), label[other]),
            log_loss(fit_isotonic(margin[one], label[one]).risks(margin[other]), label[other]),
        ]
    return fit_isotonic(margin, label) if losses[1] < losses[0] - 2e-4 else sigmoid


def calibrator_from(content: dict[str, Any]) -> Calibrator:
    """Read a calibrator back."""
    if content["method"] == "none":
        return NoRisk()
    if content["method"] == "sigmoid":
        return Sigmoid(float(content["slope"]), float(content["intercept"]))
    return Isotonic(tuple(content["x"]), tuple(content["y"]))

"""Judge gaps by a declared tolerance, so that chance alone seldom calls a group outside.

"Outside" needs an interval corrected for how many gaps of its column are judged together (Bonferroni): where
none of them truly exceeds its tolerance, at most `FALSE_ALARMS` of sheets call any group of it outside. Each
column is a family of its own, so that auditing more of them never hides a gap. "Within" claims the contrary
and needs the plain interval inside the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from earlywarn.evaluation.figures import LEVEL

FALSE_ALARMS = 0.05
"""How many sheets may call any group of a column outside though none is; two crossed columns are one, too."""

NAN = float("nan")


@dataclass(frozen=True)
class Tolerance:
    """How far a group may lie from what it should be before the sheet says "outside"."""

    calibration: float = 0.03
    rates: float = 0.10


@dataclass(frozen=True)
class Gap:
    """A difference with its plain interval, and with the wider one that "outside" is judged by.

    Both are the value and so many standard errors either way, by a jackknife over the clusters that draws
    take and by Student's t: tails this far out cannot be read off two hundred draws.
    """

    value: float
    low: float = NAN
    high: float = NAN
    corrected_low: float = NAN
    corrected_high: float = NAN


@dataclass(frozen=True)
class Family:
    """The gaps that are judged together, and how often chance may call one of them outside."""

    n_gaps: int
    false_alarms: float = FALSE_ALARMS

    @property
    def level(self) -> float:
        """Return the level of each gap's corrected interval.

        >>> Family(10).level
        0.995
        """
        return 1 - self.false_alarms / max(1, self.n_gaps)


def gap_of(value: float, error: float, freedom: float, *, family: Family) -> Gap:
    """Return a gap with both of its intervals.

    Args:
        value: The difference itself.
        error: Its standard error.
        freedom: The degrees of freedom of this error.
        family: The gaps that it is judged together with.
    """
    if not np.isfinite(value + error):
        return Gap(value)
    plain, corrected = (t_quantile(level, freedom) * error for level in (LEVEL, family.level))
    return Gap(value, value - plain, value + plain, value - corrected, value + corrected)


def t_quantile(level: float, freedom: float) -> float:
    """Return how many standard errors either way hold `level` of Student's t.

    >>> round(t_quantile(0.95, 10_000), 2), round(t_quantile(0.95, 9), 2)
    (1.96, 2.26)
    """
    return float(stdtrit(freedom, (1 + level) / 2))


def share_error(hits: float, n: float) -> float:
    """Return the standard error of a share of independent students, with one of each kind added.

    None of ten says little; the plain formula would say that it is certain (Agresti and Caffo 2000).

    >>> round(share_error(0, 10), 3)
    0.08
    """
    share = (hits + 1) / (n + 2)
    return float(np.sqrt(share * (1 - share) / (n + 2)))


def tolerance_verdict(gaps: Sequence[Gap], tolerance: float) -> str:
    """Say whether gaps lie within a tolerance, outside it, or whether the rows cannot tell.

    >>> tolerance_verdict([Gap(0.01, -0.01, 0.02, -0.02, 0.04)], 0.03)
    'within'
    >>> tolerance_verdict([Gap(0.09, 0.07, 0.11, 0.05, 0.13)], 0.03)
    'outside'
    >>> tolerance_verdict([Gap(0.06, 0.04, 0.08, 0.02, 0.10)], 0.03)
    'cannot tell'
    """
    if any(gap.corrected_low > tolerance or gap.corrected_high < -tolerance for gap in gaps):
        return "outside"
    if all(gap.low >= -tolerance and gap.high <= tolerance for gap in gaps):
        return "within"
    return "cannot tell"


def wider_verdict(differences: Sequence[Gap]) -> str:
    """Say whether a model's gaps are wider than those of the rules in use, by paired differences.

    >>> wider_verdict([Gap(0.05, 0.03, 0.07, 0.01, 0.09), Gap(0.0, -0.1, 0.1, -0.2, 0.2)])
    'wider'
    >>> wider_verdict([Gap(-0.05, -0.08, -0.02, -0.1, 0.0), Gap(-0.04, -0.07, -0.01, -0.09, 0.01)])
    'no wider'
    """
    if any(gap.corrected_low > 0 for gap in differences):
        return "wider"
    if all(gap.high <= 0 for gap in differences):
        return "no wider"
    return "cannot tell"

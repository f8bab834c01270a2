"""Invent scored students whose true risks are known, with or without an injected bias against one group.

Without bias every risk is the rate at which the outcome truly comes and is recorded, in every group, so that
an audit has nothing to find. Each bias breaks that in one way, by a known amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LANGUAGES = ("english", "french", "other")
SHARES = (0.10, 0.75, 0.15)
GRADES = ("sec3", "sec4", "sec5")
MOMENTS = ("10-15", "03-15")
PROXY_INSIDE, PROXY_OUTSIDE = 0.8, 0.1
"""How often a column that stands in for the group is set, inside the group and outside it."""

Way = Literal["none", "under_recorded", "shifted_scores", "proxy"]


@dataclass(frozen=True)
class Bias:
    """What is wrong for one group.

    under_recorded: `amount` of its outcomes happen and are never recorded; scores know nothing of that.
    shifted_scores: its scores are `amount` too high, in log-odds.
    proxy: a column that is mostly set in this group, and tells nothing, adds `amount` wherever it is set.
    """

    way: Way = "none"
    column: str = "language"
    group: str = "other"
    amount: float = 0.0


NO_BIAS = Bias()


@dataclass(frozen=True, eq=False)
class AuditedPopulation:
    """One row per student and moment."""

    student: NDArray[Any]
    school: NDArray[Any]
    grade: NDArray[Any]
    moment: NDArray[Any]
    groups: dict[str, NDArray[Any]]
    risk: NDArray[np.float64]
    """What the model says."""
    true_risk: NDArray[np.float64]
    label: NDArray[np.bool_]
    """What was recorded, which is all that an audit sees."""
    happened: NDArray[np.bool_]
    points: NDArray[np.float64]
    """What simple rules say, from true risks: 0, 1 or 2."""


def audited_population(
    generator: np.random.Generator, *, n_students: int, n_schools: int, bias: Bias = NO_BIAS
) -> AuditedPopulation:
    """Invent a population that is scored at two moments; the second knows more."""
    schools = generator.integers(0, n_schools, n_students)
    logit = -2.0 + generator.normal(0.0, 0.5, n_schools)[schools] + generator.normal(0.0, 1.0, n_students)
    first = _chance(logit)
    # What is learned in between moves a risk either way by as much, so it stays a rate at both moments.
    second = first + 0.8 * first * (1 - first) * generator.choice([-1.0, 1.0], n_students)
    happened = generator.random(n_students) < second
    groups = {
        "sex": generator.choice(["F", "M"], n_students),
        "language": generator.choice(LANGUAGES, n_students, p=SHARES),
    }
    inside = groups[bias.column] == bias.group
    recorded = happened & ~(inside & (generator.random(n_students) < _amount(bias, "under_recorded")))
    proxy = generator.random(n_students) < np.where(inside, PROXY_INSIDE, PROXY_OUTSIDE)
    shift = inside * _amount(bias, "shifted_scores") + proxy * _amount(bias, "proxy")
    true_risk = np.concatenate([first, second])
    return AuditedPopulation(
        student=np.tile(np.array([f"s{place:07d}" for place in range(n_students)]), 2),
        school=np.tile(np.array([f"school{place:04d}" for place in range(n_schools)])[schools], 2),
        grade=np.tile(generator.choice(GRADES, n_students), 2),
        moment=np.repeat(MOMENTS, n_students),
        groups={name: np.tile(words, 2) for name, words in groups.items()},
        risk=_chance(np.log(true_risk / (1 - true_risk)) + np.tile(shift, 2)),
        true_risk=true_risk,
        label=np.tile(recorded, 2),
        happened=np.tile(happened, 2),
        points=np.searchsorted([0.2, 0.4], true_risk).astype(np.float64),
    )


def _chance(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _amount(bias: Bias, way: Way) -> float:
    return bias.amount if bias.way == way else 0.0

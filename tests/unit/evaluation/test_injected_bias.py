"""What is wrong for one group of an invented population is found; what no record shows is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from earlywarn.evaluation import Tolerance
from earlywarn.synthetic.audited import AuditedPopulation, Bias, audited_population
from tests.builders.audits import audit_of

TOLERANCE = Tolerance(calibration=0.03, rates=0.10)


def _population(bias: Bias) -> AuditedPopulation:
    return audited_population(np.random.default_rng(7), n_students=6_000, n_schools=40, bias=bias)


def _verdicts(people: AuditedPopulation) -> dict[str, tuple[str, str]]:
    audit = audit_of(people, tolerance=TOLERANCE, n_draws=20)
    return {one.group: (one.calibration_verdict, one.rates_verdict) for one in audit.groups}


@pytest.mark.parametrize(
    "bias",
    [Bias("under_recorded", amount=0.5), Bias("shifted_scores", amount=1.0), Bias("proxy", amount=1.0)],
    ids=lambda bias: bias.way,
)
def test_an_injected_bias_is_found(bias: Bias) -> None:
    """The risks of one group, and of no other of its column, are called outside."""
    found = _verdicts(_population(bias))

    assert found["other"][0] == "outside"
    assert {found[group][0] for group in ("english", "french")} <= {"within", "cannot tell"}


def test_shifted_scores_list_a_group_too_often() -> None:
    """Scores that are one log-odd too high put more of the group on lists that should not be there."""
    audit = audit_of(_population(Bias("shifted_scores", amount=1.5)), tolerance=TOLERANCE, n_draws=20)

    other = next(one for one in audit.groups if one.group == "other")
    assert other.rates_verdict == "outside"
    assert other.false_positive_gap.value > 0.1
    assert other.against_rules == "wider"


def test_without_bias_no_group_is_outside() -> None:
    """Risks that are rates in every group pass in every group."""
    found = _verdicts(_population(Bias()))

    assert "outside" not in {verdict for pair in found.values() for verdict in pair}
    assert found["french"] == ("within", "within")


def test_an_audit_sees_only_what_is_recorded() -> None:
    """Risks that have learned the missing records agree with them: nothing is found, and half is not told."""
    people = _population(Bias("under_recorded", amount=0.5))
    inside = people.groups["language"] == "other"
    learned = replace(people, risk=np.where(inside, people.true_risk * 0.5, people.true_risk))

    assert _verdicts(learned)["other"][0] == "within"
    assert people.happened[inside].mean() - learned.risk[inside].mean() > 0.05

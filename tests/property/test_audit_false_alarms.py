"""Without any bias, an audit calls a group outside no more often than it announces.

`EARLYWARN_CASES` multiplies the number of populations for a long run by hand; the rates are printed.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy.stats import binom

from earlywarn.evaluation import Audit, GroupFigures, Tolerance
from earlywarn.evaluation.audit.verdicts import FALSE_ALARMS
from earlywarn.synthetic.audited import NO_BIAS, Bias, audited_population
from tests.builders.audits import audit_of

N_POPULATIONS = 20 * int(os.environ.get("EARLYWARN_CASES", "1"))
NOTHING = Tolerance(calibration=0.0, rates=0.0)
"""With no tolerance at all every true gap of zero lies on its edge, where chance errs most."""


def _audits(*, n_students: int, n_schools: int, tolerance: Tolerance, bias: Bias = NO_BIAS) -> list[Audit]:
    return [
        audit_of(
            audited_population(
                np.random.default_rng(seed), n_students=n_students, n_schools=n_schools, bias=bias
            ),
            tolerance=tolerance,
            n_draws=2,
        )
        for seed in range(N_POPULATIONS)
    ]


def _of(column: str, audit: Audit) -> tuple[GroupFigures, ...]:
    return tuple(one for one in audit.groups if one.column == column)


def _any_outside(entries: tuple[GroupFigures, ...]) -> bool:
    return any("outside" in (one.calibration_verdict, one.rates_verdict) for one in entries)


@pytest.mark.parametrize(("n_students", "n_schools"), [(600, 40), (1_000, 10)])
def test_false_alarms_are_as_announced(
    n_students: int, n_schools: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of many populations without bias, sheets that call any group outside are as rare as is said."""
    audits = _audits(n_students=n_students, n_schools=n_schools, tolerance=NOTHING)

    sheets = [audit.sheet for audit in audits if audit.sheet is not None]
    columns = sorted({one.column for audit in audits for one in audit.groups})
    n_columns = {name: sum(_any_outside(_of(name, audit)) for audit in audits) for name in columns}
    n_crossings = sum(_any_outside(sheet.crossings) for sheet in sheets)
    n_wider = sum(any(one.against_rules == "wider" for one in _of("language", audit)) for audit in audits)
    with capsys.disabled():
        print(  # noqa: T201 - the figure of a long run
            f"\n{N_POPULATIONS} populations of {n_students} students in {n_schools} schools without bias: "
            f"a group outside in {n_columns}, a crossing in {n_crossings}, wider than the rules in {n_wider}"
        )
    most = binom.ppf(0.999, N_POPULATIONS, FALSE_ALARMS)
    assert max(*n_columns.values(), n_crossings, n_wider) <= most


def test_a_bias_is_found_as_often_as_it_is_large(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 3,000 students, of one group of whom most outcomes are lost: audits find it."""
    bias = Bias("under_recorded", amount=0.6)
    audits = _audits(n_students=3_000, n_schools=40, tolerance=Tolerance(), bias=bias)

    found = [one for audit in audits for one in audit.groups if one.group == bias.group]
    n_found = sum(one.calibration_verdict == "outside" for one in found)
    with capsys.disabled():
        print(f"\n{bias.amount:.0%} of outcomes lost: found {n_found} times of {N_POPULATIONS}")  # noqa: T201
    assert n_found >= 0.8 * N_POPULATIONS

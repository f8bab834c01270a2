"""Build what the audit reads from an invented population."""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation import Audit, TestRows, Tolerance, audit_groups, crossed, draws_for, score_rows
from earlywarn.synthetic.audited import AuditedPopulation


def rows_of(people: AuditedPopulation) -> TestRows:
    """Return the population as tested rows of one period; lists are per school, grade and moment."""
    return TestRows(
        label=people.label,
        period=np.full(people.label.size, "2024-2025"),
        moment=people.moment,
        school=people.school,
        grade=people.grade,
        student=people.student,
        lists=crossed(people.moment, people.school, people.grade),
        groups=people.groups,
    )


def audit_of(
    people: AuditedPopulation, *, tolerance: Tolerance, n_draws: int = 200, summarized: bool = False
) -> Audit:
    """Audit a population by the lists of its risks, beside those of its rules."""
    rows = rows_of(people)
    _, draws = draws_for(rows, n_draws=n_draws, generator=np.random.default_rng(1))
    logit = np.log(people.risk / (1 - people.risk))
    model = score_rows("model", logit, people.risk, rows, share=0.1)
    points = score_rows("rules", people.points, people.risk, rows, share=0.1)
    return audit_groups(model, rows, draws, tolerance=tolerance, rules=points, summarized=summarized)

"""Audit the chosen candidate of a back-test beside the rules, and beside copies that know audited columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from earlywarn.evaluation import (
    Audit,
    Draws,
    Scored,
    TestRows,
    Tolerance,
    WithAndWithout,
    audit_groups,
    score_rows,
    with_and_without,
)
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.with_sensitive import Copies


def audit_beside(
    name: str,
    scored: Sequence[Scored],
    copies: Sequence[Copies],
    rows: LabeledRows,
    test_rows: TestRows,
    draws: Draws,
    *,
    tolerance: Tolerance,
    share: float,
) -> Audit:
    """Audit one candidate beside the rules where they stand among the scored, and beside its copies."""
    model = next(one for one in scored if one.name == name)
    rules = next((one for one in scored if one.name == "rules"), None)
    audit = audit_groups(model, test_rows, draws, tolerance=tolerance, rules=rules)
    return audit.with_copies(_compared(copies, rows, test_rows, draws, share))


def _compared(
    copies: Sequence[Copies], rows: LabeledRows, test_rows: TestRows, draws: Draws, share: float
) -> WithAndWithout | None:
    """Compare the copies of all folds on the tested rows, which stand in frozen order."""
    if not copies:
        return None
    tested = np.sort(np.concatenate([one.test for one in copies]))
    scored = []
    for place, name in enumerate(("with the audited columns", "without them")):
        margin, risk = np.full(rows.label.size, np.nan), np.full(rows.label.size, np.nan)
        for one in copies:
            margin[one.test], risk[one.test] = one.margins[place], one.risks[place]
        scored.append(score_rows(name, margin[tested], risk[tested], test_rows, share=share))
    n_train = round(float(np.mean([one.n_train for one in copies])))
    return with_and_without(scored[0], scored[1], test_rows, draws, n_train=n_train)

"""The audit is printed and written on the card in both languages, and older sheets still print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earlywarn.evaluation import Tolerance, sheet_table
from earlywarn.evaluation.audit import WithAndWithout
from earlywarn.evaluation.audit.card import audit_facts
from earlywarn.evaluation.audit.text import audit_lines
from earlywarn.evaluation.figures import Figure
from earlywarn.evaluation.school_and_grade import SchoolAndGrade
from earlywarn.evaluation.school_and_grade_text import school_and_grade_facts, school_and_grade_lines
from earlywarn.evaluation.sheet import Backtest, QualitySheet, sheet_json
from earlywarn.synthetic.audited import Bias, audited_population
from tests.builders.audits import audit_of

MODELS = Path(__file__).parents[3] / "models"
AUC = Figure(0.004, -0.001, 0.009)
COPIES = WithAndWithout(("sex", "language"), 900, AUC, AUC, Figure(0.02, 0.01, 0.03), "cannot tell", ())
ALONE = SchoolAndGrade(
    model="logistic",
    share_seen=0.97,
    auc=Figure(0.7, 0.68, 0.72),
    brier=Figure(0.1, 0.09, 0.11),
    base_brier=0.12,
    n_listed=250,
    precision=Figure(0.2, 0.1, 0.3),
    precision_of_model=Figure(0.4, 0.3, 0.5),
    auc_added=Figure(0.1, 0.08, 0.12),
    brier_added=Figure(-0.01, -0.02, -0.005),
    precision_added=Figure(0.2, 0.1, 0.3),
    verdict="beats",
    auc_within=Figure(0.75, 0.7, 0.8),
    n_pairs_within=1234,
)


@pytest.fixture(scope="module")
def lead() -> dict[str, Any]:
    """Return a back-test of a population whose scores are shifted for one group, as read from JSON."""
    people = audited_population(
        np.random.default_rng(7), n_students=4_000, n_schools=40, bias=Bias("shifted_scores", amount=1.5)
    )
    audit = audit_of(people, tolerance=Tolerance(), n_draws=20).with_copies(COPIES)
    one = Backtest(
        protocol="strict",
        trained_on=(),
        tested_on=(),
        tested_from="",
        moments=(),
        inner="",
        intervals_over="schools",
        n_train=1,
        n_positive=1,
        n_features=1,
        chosen="logistic",
        chosen_because="",
        inner_auc={},
        candidates=(),
        comparisons=(),
        by_grade={},
        groups=audit.groups,
        held_out=(),
        audit=audit.sheet,
        school_and_grade=ALONE,
    )
    sheet = QualitySheet("net", "leaving", {}, 0.1, ("school",), "margin", 0, 0, (one,))
    return dict(json.loads(sheet_json(sheet))["backtests"][0])


def test_the_report_says_what_verdicts_promise(lead: dict[str, Any]) -> None:
    """Groups, crossings, the level that "outside" needs, and what knowing the columns would change."""
    text = "\n".join(audit_lines(lead))

    assert "language=other" in text
    assert "sex × language=F × other" in text
    assert "at most 5% of sheets call any of a column's groups outside by chance: " in text
    assert "sex 98.75 % (2 of 2 judged)" in text
    assert "language 99.44 % (3 of 3 judged)" in text
    assert "sex × language 99.72 % (6 of 6 judged)" in text
    assert "would change AUC by +0.004 [-0.001, +0.009]" in text
    assert "precision at capacity by +0.020 [+0.010, +0.030]: no cost that these rows can tell" in text


def test_the_card_names_what_lies_outside(lead: dict[str, Any]) -> None:
    """Crossings outside are named by both of their groups, in the language of the card."""
    french = {"language": "langue", "other": "autre", "sex": "sexe", "F": "filles", "M": "garçons"}

    said = audit_facts(
        lead, lambda column, value: f"{french[column]}\u00a0: {french.get(value, value)}", "fr"
    )
    english = "\n".join(audit_facts(lead, lambda column, value: f"{column}: {value}", "en"))

    assert "au plus une fiche sur 20" in said[0]
    assert "sexe\u00a0: filles × langue\u00a0: autre" in "\n".join(said)
    assert "AUC +0,004 [-0,001\u00a0; +0,009], précision" in said[-1]
    assert "Gaps wider than those of the rules: " in english
    assert "sex: F × language: other" in english
    assert [line for line in said if " :" in line or " ;" in line or " %" in line] == []


def test_school_and_grade_have_their_own_lines(lead: dict[str, Any]) -> None:
    """What they tell alone, what the score adds, and what it tells among students alike in both."""
    text = "\n".join(school_and_grade_lines(lead))

    assert "school and grade alone: AUC 0.700 [0.680, 0.720]" in text
    assert "logistic adds: AUC +0.100 [+0.080, +0.120]" in text
    assert "within one school, grade and moment its AUC is 0.750 [0.700, 0.800] (1234 pairs)" in text
    assert "AUC 0,700 [0,680\u00a0; 0,720]" in school_and_grade_facts(lead, "fr")[0]


@pytest.mark.parametrize("path", sorted(MODELS.glob("*/*/backtest.json")), ids=lambda path: path.parent.name)
def test_committed_sheets_print(path: Path) -> None:
    """A sheet of any age prints its groups, with a dash for what it does not hold."""
    text = sheet_table(json.loads(path.read_text(encoding="utf-8")))

    assert "risk-rate" in text
    assert "recall gap" in text


def test_a_sheet_without_an_audit_has_no_key_of_it() -> None:
    """What was not measured is not written as null."""
    nothing = Backtest(
        "strict", (), (), "", (), "", "schools", 1, 1, 1, "logistic", "", {}, (), (), {}, (), ()
    )

    written = json.loads(sheet_json(QualitySheet("n", "m", {}, 0.1, (), "", 0, 0, (nothing,))))

    assert {"audit", "school_and_grade"}.isdisjoint(written["backtests"][0])

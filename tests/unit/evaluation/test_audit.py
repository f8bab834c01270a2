"""Groups and their crossings are measured as fairlearn does, and judged within, outside or cannot tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    count,
    equalized_odds_difference,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import precision_score, roc_auc_score

from earlywarn.evaluation import Audit, GroupFigures, Scored, TestRows, Tolerance, audit_groups, draws_for
from earlywarn.evaluation.audit import CROSS, groupings
from earlywarn.evaluation.audit.rates import count_students
from earlywarn.evaluation.audit.tallies import Tallies
from earlywarn.evaluation.capacity import Lists
from earlywarn.evaluation.figures import Draws

N = 1200


def _rows(label: Any, *, groups: dict[str, Any], **columns: Any) -> TestRows:
    n = len(label)
    words = np.array(["x"] * n)
    given = {
        "period": words,
        "moment": words,
        "school": np.array([f"school{place % 30:02d}" for place in range(n)]),
        "grade": words,
        "student": np.array([f"s{place:05d}" for place in range(n)]),
        "lists": words,
        **columns,
    }
    return TestRows(
        label=np.asarray(label, dtype=bool),
        groups={name: np.asarray(words) for name, words in groups.items()},
        **given,
    )


def _scored(name: str, risk: Any, listed: Any) -> Scored:
    """Return a model whose lists are given, not cut."""
    flags, values = np.asarray(listed, dtype=bool), np.asarray(risk, dtype=float)
    nothing = np.zeros(values.size)
    return Scored(name, values, values, Lists(flags, (), nothing, nothing))


def _audit(model: Scored, rows: TestRows, rules: Scored | None = None, *, summarized: bool = False) -> Audit:
    _, draws = draws_for(rows, n_draws=50, generator=np.random.default_rng(0))
    return audit_groups(model, rows, draws, tolerance=Tolerance(), rules=rules, summarized=summarized)


def _people(seed: int = 0, n: int = N) -> tuple[Scored, TestRows]:
    """Return rows of two audited columns, one of which is not known of everybody."""
    generator = np.random.default_rng(seed)
    risk = generator.uniform(0.1, 0.6, n)
    rows = _rows(
        generator.random(n) < risk,
        groups={
            "sex": generator.choice(["F", "M"], n),
            "language": generator.choice(["", "english", "french"], n, p=[0.1, 0.3, 0.6]),
        },
    )
    return _scored("model", risk, generator.random(n) < 0.3), rows


def test_a_large_group_is_told_from_all_moments() -> None:
    """Rows stand student by student; those that slope and bins are told from are students, not places."""
    n_students, risk = 34_000, np.array([0.1, 0.3, 0.5])
    place = np.repeat(np.arange(n_students), 3)
    rows = _rows(
        np.random.default_rng(0).random(place.size) < np.tile(risk, n_students),
        groups={"sex": np.full(place.size, "F")},
        moment=np.tile(np.array(["a", "b", "c"]), n_students),
        student=np.char.add("s", place.astype(str)),
        school=np.char.add("school", (place % 30).astype(str)),
    )

    told = _audit(_scored("model", np.tile(risk, n_students), rows.label), rows).groups[0].calibration

    assert told is not None
    assert [round(one.mean_risk, 6) for one in told.bins] == risk.tolist()
    assert {one.n for one in told.bins} == {told.bins[0].n}
    assert told.intervals is not None
    assert told.intervals.slope.low < 1 < told.intervals.slope.high


def _entry(audit: Audit, group: str) -> GroupFigures:
    entries = [*audit.groups, *(audit.sheet.crossings if audit.sheet else ())]
    return next(one for one in entries if one.group == group)


def test_rates_are_those_of_metric_frame() -> None:
    """Counts, rates and precision of every value and every crossing agree with fairlearn's."""
    model, rows = _people()
    audit = _audit(model, rows)
    metrics = {
        "n": count,
        "share_listed": selection_rate,
        "recall": true_positive_rate,
        "false_positive_rate": false_positive_rate,
        "precision": precision_score,
    }
    for columns in (["sex"], ["language"], ["sex", "language"]):
        known = np.all([rows.groups[name] != "" for name in columns], axis=0)
        frame = MetricFrame(
            metrics=metrics,
            y_true=rows.label[known],
            y_pred=model.lists.listed[known],
            sensitive_features={name: rows.groups[name][known] for name in columns},
        ).by_group

        for key, told in frame.iterrows():
            one = _entry(audit, CROSS.join(np.atleast_1d(np.array(key, dtype=str)).tolist()))
            assert one.n == told["n"]
            for name in list(metrics)[1:]:
                assert getattr(one, name).value == pytest.approx(told[name])


def test_gaps_are_to_everybody_else_whose_group_is_known() -> None:
    """Listed: 2 girls of 10, 6 boys of 10, and all of whom no sex is known: a gap of -0.4."""
    label = np.ones(30)
    listed = [*([1] * 2 + [0] * 8), *([1] * 6 + [0] * 4), *([1] * 10)]
    rows = _rows(label, groups={"sex": ["F"] * 10 + ["M"] * 10 + [""] * 10})

    audit = _audit(_scored("model", np.full(30, 0.5), listed), rows)

    assert [one.group for one in audit.groups] == ["F", "M"]
    assert _entry(audit, "F").recall_gap.value == pytest.approx(-0.4)
    assert _entry(audit, "M").recall_gap.value == pytest.approx(0.4)
    assert _entry(audit, "F").calibration_gap.value == pytest.approx(-0.5)


def test_auc_of_a_group_pairs_only_rows_of_one_moment() -> None:
    """In one moment it is scikit-learn's; over two, each moment counts by its pairs."""
    model, rows = _people()
    moments = np.array(["a", "b"])[np.arange(N) % 3 // 2]
    inside = rows.groups["sex"] == "F"
    parts = [inside & (moments == name) for name in "ab"]
    aucs = [roc_auc_score(rows.label[part], model.margin[part]) for part in parts]
    pairs = [int(rows.label[part].sum()) * int((~rows.label[part]).sum()) for part in parts]

    one, two = (_audit(model, told) for told in (rows, replace(rows, moment=moments)))

    whole = roc_auc_score(rows.label[inside], model.margin[inside])
    assert _entry(one, "F").auc.value == pytest.approx(whole)
    assert _entry(two, "F").auc.value == pytest.approx(np.average(aucs, weights=pairs))
    assert _entry(two, "F").auc.low < _entry(two, "F").auc.value < _entry(two, "F").auc.high


def test_the_error_of_a_gap_is_that_of_leaving_one_school_out() -> None:
    """Rates 0, 1/2 and 1: leaving one out gives 3/4, 1/2 and 1/4, so (1/16 + 1/16) * 2/3 under a root."""
    rows = _rows([0, 0, 0, 1, 1, 1], groups={"sex": ["F"] * 6})
    draws = Draws(np.array([0, 0, 1, 1, 2, 2]), np.ones((2, 3)))
    sums = Tallies(groupings(rows.groups)[0], draws)

    error = sums.of(rows.label.astype(float)).over(sums.rows()).jackknife_errors()

    assert error.tolist() == pytest.approx([np.sqrt((1 / 16 + 0 + 1 / 16) * 2 / 3)])


def test_outcomes_of_one_school_are_those_of_one_school() -> None:
    """Eight outcomes in one school and one in each of two others weigh as 100 / 66 schools."""
    rows = _rows([1] * 10, groups={"sex": ["F"] * 10})
    sums = Tallies(groupings(rows.groups)[0], Draws(np.array([0] * 8 + [1, 2]), np.ones((2, 3))))

    assert sums.rows().effective_parts().tolist() == pytest.approx([100 / 66])


def test_students_are_counted_once() -> None:
    """A student with three rows is one of those that a verdict needs ten of."""
    rows = _rows([1] * 9 + [0] * 3, groups={"sex": ["F"] * 12}, student=np.repeat(["a", "b", "c", "d"], 3))

    found = count_students(groupings(rows.groups)[0], np.repeat(np.arange(4), 3), rows.label)

    assert (found.all.tolist(), found.positive.tolist(), found.judged.tolist()) == ([4], [3], [False])


def test_few_students_cannot_tell() -> None:
    """Nine students with the outcome, however often they are seen, allow no verdict and get no line."""
    label = np.tile([1] * 9 + [0] * 60, 8)
    student = np.tile([f"s{place}" for place in range(69)], 8)
    rows = _rows(label, groups={"sex": ["F"] * label.size}, student=student)

    one = _entry(_audit(_scored("model", np.full(label.size, 0.9), label), rows), "F")

    assert (one.calibration_verdict, one.rates_verdict, one.calibration) == (
        "cannot tell",
        "cannot tell",
        None,
    )


def test_a_crossing_of_a_few_students_is_counted_and_not_named() -> None:
    """Twenty girls who speak English are fewer than thirty: neither named, nor judged."""
    groups = {"sex": ["F"] * 20 + ["M"] * 100, "language": ["english"] * 60 + ["french"] * 60}
    rows = _rows([1, 0] * 60, groups=groups)

    sheet = _audit(_scored("model", np.full(120, 0.5), [1, 0] * 60), rows).sheet

    assert sheet is not None
    assert (sheet.n_small, sheet.n_rows_small) == (1, 20)
    assert {one.group for one in sheet.crossings} == {f"M{CROSS}english", f"M{CROSS}french"}
    assert [(one.n_groups, one.n_judged) for one in sheet.judged_crossings] == [(2, 2)]


def test_a_group_of_whom_nobody_was_listed_is_not_certain() -> None:
    """All draws of none among ten say none; the interval is that of ten students all the same."""
    label = np.array([1] * 10 + [0] * 30 + [1] * 500 + [0] * 1500)
    listed = np.array([0] * 40 + ([1] + [0] * 4) * 400)
    one_school = np.full(label.size, "one")
    rows = _rows(label, groups={"sex": ["X"] * 40 + ["F"] * 2000}, school=one_school)

    gap = _entry(_audit(_scored("model", np.full(2040, 0.25), listed), rows), "X").recall_gap

    assert gap.value == pytest.approx(-0.2)
    assert gap.low < -0.3
    assert gap.high > -0.1


def test_the_largest_gaps_are_those_of_fairlearn() -> None:
    """What is read from counts is what fairlearn reads from rows."""
    model, rows = _people()

    sheet = _audit(model, rows, summarized=True).sheet

    told = equalized_odds_difference(rows.label, model.lists.listed, sensitive_features=rows.groups["sex"])
    assert sheet is not None
    assert sheet.largest_gaps[0].equalized_odds == pytest.approx(told)
    assert [one.column for one in sheet.largest_gaps] == ["sex", "language"]


def _lists(seed: int, shares: tuple[float, float]) -> np.ndarray:
    """List a share of girls, then a share of boys."""
    return np.random.default_rng(seed).random(4000) < np.repeat(shares, 2000)


@pytest.mark.parametrize(
    ("model", "rules", "said"),
    [
        ((0.1, 0.5), (0.3, 0.3), "wider"),
        ((0.3, 0.3), (0.1, 0.5), "no wider"),
        ((0.3, 0.3), (0.3, 0.3), "cannot tell"),
    ],
)
def test_gaps_are_judged_beside_those_of_the_rules(
    model: tuple[float, float], rules: tuple[float, float], said: str
) -> None:
    """Lists that hold a tenth of girls and half of boys differ more than lists that hold a third of both."""
    rows = _rows(np.arange(4000) % 2, groups={"sex": ["F"] * 2000 + ["M"] * 2000})
    risk = np.full(4000, 0.5)

    audit = _audit(_scored("model", risk, _lists(1, model)), rows, _scored("rules", risk, _lists(2, rules)))

    assert {one.against_rules for one in audit.groups} == {said}
    entry = _entry(audit, "F")
    assert entry.rules_recall_gap is not None
    assert entry.rules_recall_gap.value == pytest.approx(rules[0] - rules[1], abs=0.05)


def test_without_rules_nothing_is_said_beside_them() -> None:
    """A model without rules has no gaps of theirs."""
    model, rows = _people()

    assert {one.against_rules for one in _audit(model, rows).groups} == {None}


def test_outside_is_judged_at_a_level_that_counts_all_gaps() -> None:
    """Two groups are four gaps, for in a rate one has what the other lacks; four crossings are twelve."""
    model, rows = _people()

    sheet = _audit(model, rows).sheet

    assert sheet is not None
    told = {one.column: (one.n_judged, one.n_gaps) for one in (*sheet.judged, *sheet.judged_crossings)}
    assert told == {"sex": (2, 4), "language": (2, 4), f"sex{CROSS}language": (4, 12)}
    assert sheet.judged[0].level == pytest.approx(1 - 0.05 / 4)


def test_auditing_more_columns_hides_nothing() -> None:
    """A column is judged alike whatever else is audited beside it."""
    model, rows = _people()

    alone = _audit(model, replace(rows, groups={"sex": rows.groups["sex"]}))

    assert alone.groups == _audit(model, rows).groups[:2]


def test_no_audited_column_is_no_audit() -> None:
    """A model that audits nothing has neither groups nor a sheet of them."""
    assert _audit(_people()[0], _rows(_people()[1].label, groups={})) == Audit()

"""The lowest share is cut on training rows only, inside every split, and kept with the model."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.errors import TrainingError
from earlywarn.evaluation import CardProse, GroupNames, card_markdown, sheet_json, sheet_table
from earlywarn.features import Matrix, QuantileOutcome
from earlywarn.modeling import Fitting, LabeledRows, ModelSpec, Trained, time_split, train_model
from earlywarn.modeling.cuts import CutRule, lowest_share
from earlywarn.modeling.folds import group_folds, later_folds
from earlywarn.modeling.matrix_rows import rows_of
from earlywarn.modeling.splits import Split, cut_split
from tests.builders.matrices import labeled_matrix

TODAY = date(2026, 1, 1)
PERIODS = ("2021-2022", "2022-2023", "2023-2024")
OUTCOME: dict[str, Any] = {
    "form": "quantile",
    "table": "results",
    "value": "score",
    "share": 0.25,
    "fr": "être dans le quart inférieur",
    "en": "the lowest quarter",
}
SPEC: dict[str, Any] = {
    "name": "low",
    "outcome": OUTCOME,
    "as_of": {"dates": ["10-15", "03-15"]},
    "features": {"families": ["attendance", "marks"]},
    "candidates": {"names": ["rules", "one_column", "logistic"]},
    "rules": [{"name": "absent", "feature": "absence", "above": 2.0}],
    "capacity": {"share": 0.2},
    # The values follow the mark by construction.
    "leaks": {"single_column": 0.9995, "column_lead": 0.45, "reason": {"fr": "construit", "en": "built so"}},
}


def quantile(**changes: Any) -> QuantileOutcome:
    """Return the outcome, changed."""
    return QuantileOutcome.model_validate({**OUTCOME, **changes})


def valued_matrix(*, n_students: int = 300, rise: float = 100.0) -> Matrix:
    """Return a matrix whose labels are values that follow each student's marks, and rise every year."""
    matrix = labeled_matrix(n_students=n_students)
    assert matrix.labels is not None
    marks = np.nan_to_num(matrix.features["mark"].to_numpy(), nan=70.0)
    years = np.array([int(str(name)[:4]) for name in matrix.rows["period"].to_pylist()])
    values = marks + np.random.default_rng(1).normal(size=marks.size) + rise * (years - 2021)
    labels = matrix.labels.set_column(2, "label_value", pa.array(values))
    return replace(matrix, labels=labels.set_column(0, "label", pa.nulls(len(matrix), pa.bool_())))


def rows_from(matrix: Matrix, outcome: QuantileOutcome) -> LabeledRows:
    """Return the arrays of a matrix."""
    return rows_of(
        matrix, groups=("sex",), capacity_per=("school",), today=TODAY, outcome=outcome, fold_by="school"
    )


def trained(*, rise: float = 100.0, **changes: Any) -> Trained:
    """Train the plain spec, changed."""
    spec = ModelSpec.model_validate({**SPEC, **changes})
    fitting = Fitting(seed=0, n_threads=1, n_seeds=1)
    return train_model(valued_matrix(rise=rise), spec, network="net", today=TODAY, fitting=fitting)


@pytest.fixture(scope="module")
def by_period() -> Trained:
    """Return a model whose every period has a cut-point, tested on folds by school."""
    return trained(outcome={**OUTCOME, "per": ["period"]}, splits={"by": "school", "folds": 3})


@pytest.mark.parametrize(
    ("values", "share", "cut"),
    [
        ([4.0, 1.0, 3.0, 2.0], 0.25, 1.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        ([1.0, 1.0, 1.0, 9.0], 0.25, 1.0),
        ([5.0], 0.25, 5.0),
        ([float(value) for value in range(30)], 0.1, 2.0),
    ],
)
def test_a_cut_point_is_the_least_value_that_the_share_does_not_exceed(
    values: list[float], share: float, cut: float
) -> None:
    """Of four values the lowest quarter is one value, and ties with it lie as low."""
    assert lowest_share(np.array(values), share) == cut


def test_labels_are_cut_by_hand() -> None:
    """Training values 1 to 40 in a group of its own: the cut is 10, and group b, tested only, has none."""
    value = np.array([*range(1, 41), 10.0, 11.0, np.nan, 3.0])
    group = np.array(["a"] * 43 + ["b"])
    rule = CutRule(value, group, quantile())

    cuts = rule.fit(np.arange(40), split="by hand")

    assert [(one.group, one.value, one.n) for one in cuts.points] == [("a", 10.0, 40)]
    np.testing.assert_array_equal(rule.labels(cuts)[40:], [1.0, 0.0, np.nan, np.nan])


def test_a_group_too_small_to_cut_has_no_labels() -> None:
    """Nineteen training rows fit no cut-point."""
    rule = CutRule(np.arange(19.0), np.full(19, "a"), quantile())

    assert rule.fit(np.arange(19), split="few").points == ()


def test_a_tested_row_without_a_cut_point_stays_out_and_is_counted() -> None:
    """With a cut-point per period, a period that trained nothing cannot be judged."""
    rows = rows_from(valued_matrix(n_students=40), quantile(per=["period"]))
    train = np.flatnonzero(rows.period != "2023-2024")

    cut, split = cut_split(rows, Split("one", train, np.arange(rows.label.size)))

    assert set(rows.period[split.test]) == {"2021-2022", "2022-2023"}
    assert cut.cuts is not None
    assert cut.cuts.n_without == int((rows.period == "2023-2024").sum())


def test_labels_cannot_be_read_before_they_are_cut() -> None:
    """A row whose cut-point is not fitted is neither true nor false, and asking is a mistake."""
    rows = rows_from(valued_matrix(n_students=20), quantile())

    assert rows.labeled.all()
    with pytest.raises(AssertionError, match="wait for their cut-points"):
        rows.truth(np.arange(3))


@given(
    noise=st.integers(0, 2**32 - 1),
    scale=st.floats(-1e6, 1e6, allow_nan=False),
    per=st.sampled_from([(), ("period",), ("grade",), ("period", "moment")]),
    n_students=st.integers(40, 90),
)
@settings(max_examples=40, deadline=None)
def test_what_is_tested_moves_no_cut_point(
    noise: int, scale: float, per: tuple[str, ...], n_students: int
) -> None:
    """Whatever values the tested period has, or none, training cut-points and labels stay the same."""
    rows = rows_from(valued_matrix(n_students=n_students), quantile(per=per))
    split = time_split(rows, ("2023-2024",), overlap="strict", within=rows.labeled)
    assert rows.rule is not None
    value = rows.rule.value.copy()
    value[split.test] = scale * np.random.default_rng(noise).normal(size=split.test.size)
    value[split.test[::3]] = np.nan

    expected, _ = cut_split(rows, split)
    found, _ = cut_split(replace(rows, rule=replace(rows.rule, value=value)), split)

    assert expected.cuts is not None
    assert found.cuts is not None
    assert found.cuts.points == expected.cuts.points
    np.testing.assert_array_equal(found.label[split.train], expected.label[split.train])


def test_every_fold_has_cut_points_of_its_own(by_period: Trained) -> None:
    """Each fold's are the 100th of the 400 values that the other schools have in a period, and are kept."""
    rows = rows_from(valued_matrix(), quantile(per=["period"]))
    assert rows.rule is not None
    sheet = json.loads(sheet_json(by_period.sheet))["backtests"][0]

    kept = {one["split"]: [point["value"] for point in one["points"]] for one in sheet["cut_points"]}

    for fold in group_folds(rows, np.arange(rows.label.size), n_folds=3):
        told = [rows.rule.value[fold.train[rows.period[fold.train] == name]] for name in PERIODS]
        assert [values.size for values in told] == [400] * 3
        assert kept[fold.name] == pytest.approx([np.sort(values)[99] for values in told], abs=1e-6)


def test_the_kept_cut_points_make_the_same_labels_again(by_period: Trained) -> None:
    """The model says at which value its outcome begins: its own base rate follows from it."""
    rows = rows_from(valued_matrix(), quantile(per=["period"]))
    cuts = {point["group"]: point["value"] for point in by_period.details["cut_points"]["points"]}
    assert rows.rule is not None

    again = [value <= cuts[name] for value, name in zip(rows.rule.value, rows.period, strict=True)]

    assert np.mean(again) == by_period.details["base_rate"]


def test_one_cut_point_for_all_is_wrong_where_the_scale_moves() -> None:
    """Values rise by a hundred points a year: cut on the past, nobody is low next year, and it says so."""
    with pytest.raises(TrainingError, match="the held-out future holds 600 rows, 0 with the outcome"):
        trained(splits={"test": ["2023-2024"]})


def test_held_out_rows_keep_the_labels_that_they_were_judged_by() -> None:
    """What is kept for later comparisons was not cut anew by the values of these very rows."""
    found = trained(rise=-0.5, splits={"test": ["2023-2024"]})

    judged = found.sheet.backtests[0].candidates[0].overall
    assert found.held_out is not None
    assert found.held_out["label"].to_pylist().count(True) == judged.n_positive


def test_card_and_report_say_where_the_outcome_begins(by_period: Trained) -> None:
    """Both languages name the share, and that training rows alone fitted it."""
    sheet = json.loads(sheet_json(by_period.sheet))

    french, _, english = card_markdown(sheet, CardProse({}, {}, {}), GroupNames()).partition("\n---\n")

    assert "Point de coupure du plus bas 25\u00a0%, calculé sur les seules lignes d’apprentissage" in french
    assert "Cut-point of the lowest 25%, fitted on training rows only: 2021-2022 " in english
    assert "cut-points of fold 1 of 3: lowest 25%, 2021-2022 " in sheet_table(sheet)


def test_other_outcomes_have_no_cut_points() -> None:
    """A sheet of an outcome that needs none holds no word of them."""
    spec = ModelSpec.model_validate(
        {
            **SPEC,
            "outcome": {"form": "equals", "table": "r", "column": "c", "values": ["x"], "fr": "f", "en": "e"},
        }
    )
    fitting = Fitting(seed=0, n_threads=1, n_seeds=1)

    found = train_model(labeled_matrix(), spec, network="net", today=TODAY, fitting=fitting)

    assert "cut_points" not in sheet_json(found.sheet)
    assert "cut_points" not in found.details


def test_later_folds_leave_out_the_school_and_the_year() -> None:
    """A tested row's school trains nothing, and what trains was known before the year that is tested."""
    rows = rows_from(valued_matrix(n_students=60), quantile())
    split = time_split(rows, ("2023-2024",), overlap="strict", within=rows.labeled)

    folds = later_folds(rows, split, n_folds=3)

    assert sorted(np.concatenate([one.test for one in folds])) == sorted(split.test)
    for one in folds:
        assert not set(rows.school[one.train]) & set(rows.school[one.test])
        assert not set(rows.student[one.train]) & set(rows.student[one.test])
        assert set(rows.period[one.train]) == {"2021-2022", "2022-2023"}
        assert set(rows.period[one.test]) == {"2023-2024"}


def test_folds_along_time_say_so() -> None:
    """Figures of schools and a year never seen carry that claim, and no word against it."""
    found = trained(rise=0.0, splits={"by": "school", "test": "latest", "folds": 3})
    sheet = json.loads(sheet_json(found.sheet))

    card = card_markdown(sheet, CardProse({}, {}, {}), GroupNames())

    lead = sheet["backtests"][0]
    assert 0.2 < lead["candidates"][0]["overall"]["base_rate"] < 0.3
    assert (lead["trained_on"], lead["tested_on"]) == (["2021-2022", "2022-2023"], ["2023-2024"])
    assert "Ce découpage suit le temps et laisse de côté des groupes entiers" in card
    assert "not by time" not in card

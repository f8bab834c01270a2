"""Whole groups are left out, nobody stands on both sides, and such figures say that they are not by time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from earlywarn.errors import EmptySplitError, TrainingError
from earlywarn.evaluation import CardProse, GroupNames, card_markdown, sheet_json, sheet_table
from earlywarn.features import Matrix
from earlywarn.modeling import Fitting, LabeledRows, ModelSpec, Trained, train_model
from earlywarn.modeling.folds import balanced_folds, group_folds, inner_folds
from earlywarn.modeling.matrix_rows import rows_of
from tests.builders.matrices import LEAVING, labeled_matrix, shuffled

SPEC: dict[str, Any] = {
    **LEAVING,
    "as_of": {"stages": ["start", "end"]},
    "candidates": {"names": ["rules", "one_column", "logistic"]},
    "rules": [{"name": "absent", "feature": "absence", "above": 2.0}],
    "splits": {"by": "school", "folds": 3},
}
REASON = {"fr": "une seule année.", "en": "a single year."}
RANDOM = {"by": "student", "folds": 3, "reason": REASON}


def _matrix() -> Matrix:
    return labeled_matrix(n_students=240, n_schools=7, first_years=(2021,))


def _rows(matrix: Matrix, by: str = "school") -> LabeledRows:
    return rows_of(matrix, groups=(), capacity_per=("school",), today=date(2026, 1, 1), fold_by=by)


def _train(matrix: Matrix, **changes: Any) -> Trained:
    spec = ModelSpec.model_validate({**SPEC, **changes})
    fitting = Fitting(seed=0, n_threads=1, n_seeds=1)
    return train_model(matrix, spec, network="net", today=date(2026, 1, 1), fitting=fitting)


@pytest.fixture(scope="module")
def trained() -> Trained:
    """Return a model trained on folds by school, once."""
    return _train(_matrix())


def test_every_row_is_tested_once_by_rows_of_other_schools() -> None:
    """Seven schools in three folds: tests part the rows, and no school stands on both sides."""
    rows = _rows(_matrix())
    everything = np.arange(rows.label.size)

    folds = group_folds(rows, everything, n_folds=3)

    assert sorted(np.concatenate([one.test for one in folds])) == list(everything)
    assert all(not set(rows.school[one.train]) & set(rows.school[one.test]) for one in folds)
    assert not any(one.by_time for one in folds)


def test_a_student_of_two_schools_never_straddles_a_fold() -> None:
    """Whoever changed school is set aside where the other school is tested."""
    matrix = labeled_matrix(n_students=240, n_schools=7, first_years=(2021, 2022))
    second = np.array(matrix.rows["period"].to_pylist()) == "2022-2023"
    schools = np.array(matrix.rows["school_id"].to_pylist())
    moved = np.where(second & (schools == "school00"), "school01", schools)
    place = matrix.rows.column_names.index("school_id")
    rows = _rows(replace(matrix, rows=matrix.rows.set_column(place, "school_id", pa.array(moved))))

    folds = group_folds(rows, np.arange(rows.label.size), n_folds=7)

    assert all(not set(rows.student[one.train]) & set(rows.student[one.test]) for one in folds)
    assert {one.train.size + one.test.size for one in folds} == {rows.label.size, rows.label.size - 70}


def test_inner_folds_leave_schools_out_of_the_training_part_alone() -> None:
    """Tuning sees no tested row, and no school stands on both sides within it either."""
    rows = _rows(_matrix())
    train = group_folds(rows, np.arange(rows.label.size), n_folds=3)[0].train

    inner = inner_folds(rows, train)

    assert sorted(np.concatenate([one.test for one in inner])) == sorted(train)
    assert all(not set(rows.school[one.train]) & set(rows.school[one.test]) for one in inner)


def test_a_training_part_of_one_school_is_cut_by_student() -> None:
    """Two schools in two folds leave a single one to tune on."""
    rows = _rows(labeled_matrix(n_students=240, n_schools=2, first_years=(2021,)))
    train = group_folds(rows, np.arange(rows.label.size), n_folds=2)[0].train

    inner = inner_folds(rows, train)

    assert len(inner) == 3
    assert all(not set(rows.student[one.train]) & set(rows.student[one.test]) for one in inner)


def test_folds_hold_about_as_many_rows_whatever_their_order() -> None:
    """The largest group is placed first; shuffling moves no group to another fold."""
    groups = np.repeat(["a", "b", "c", "d", "e"], [50, 20, 15, 10, 5])
    order = np.random.default_rng(3).permutation(groups.size)

    folds = balanced_folds(groups, 2)

    assert np.bincount(folds).tolist() == [50, 50]
    assert (balanced_folds(groups[order], 2) == folds[order]).all()


def test_fewer_groups_than_folds_are_refused() -> None:
    """Seven schools cannot be left out in eight folds."""
    rows = _rows(_matrix())

    with pytest.raises(EmptySplitError, match="asks for 8 folds, and there are 7 groups"):
        group_folds(rows, np.arange(rows.label.size), n_folds=8)


def test_an_unknown_column_is_refused() -> None:
    """The error names what folds may leave out."""
    with pytest.raises(TrainingError, match="leaves out groups of 'county'"):
        _rows(_matrix(), by="county")


def test_any_code_of_the_network_may_be_left_out() -> None:
    """The builder's `sex` stands for a declared column: each of its two groups is tested apart."""
    rows = _rows(_matrix(), by="sex")

    folds = group_folds(rows, np.arange(rows.label.size), n_folds=2)

    assert [set(rows.fold_group[one.test]) for one in folds] in ([{"F"}, {"M"}], [{"M"}, {"F"}])


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"by": "school", "overlap": "both"}, "has no overlap"),
        ({"by": "student", "test": "latest", "reason": REASON}, "are not held out along time"),
        ({"folds": 5}, "belong to a split by groups"),
        ({"by": "student"}, "carry no claim: give the reason"),
        ({"by": "school", "folds": 1}, "greater than or equal to 2"),
    ],
)
def test_a_split_is_by_time_or_by_groups(splits: dict[str, Any], message: str) -> None:
    """What the two have not in common is never mixed, and students at random need their reason."""
    with pytest.raises(ValidationError, match=message):
        ModelSpec.model_validate({**SPEC, "splits": splits})


def test_every_candidate_is_measured_on_every_row(trained: Trained) -> None:
    """Rules, columns and logistic stand beside each other on all 480 rows."""
    (lead,) = trained.sheet.backtests

    assert {one.name: one.overall.n for one in lead.candidates} == {
        "rules": 480,
        "column_per_moment": 480,
        "one_column": 480,
        "logistic": 480,
    }
    assert lead.candidate("logistic").overall.auc.value > 0.64
    assert lead.protocol == "folds by school"


def test_each_fold_says_what_it_left_out_and_chose(trained: Trained) -> None:
    """Three folds of seven schools; nobody changed school, so none is set aside."""
    folds = trained.sheet.backtests[0].folds

    assert folds is not None
    assert (folds.by, folds.n_folds, folds.n_groups, folds.is_random) == ("school", 3, 7, False)
    assert sum(one.n_test for one in folds.each) == 480
    assert {one.n_set_aside for one in folds.each} == {0}
    assert {one.chosen for one in folds.each} <= {"one_column", "logistic"}


def test_shuffled_rows_change_no_figure() -> None:
    """Folds follow from names and sizes, so the sheet is the same to the last digit."""
    only = {"candidates": {"names": ["one_column"]}, "rules": []}

    first = sheet_json(_train(_matrix(), **only).sheet)
    second = sheet_json(_train(shuffled(_matrix(), seed=5), **only).sheet)

    assert first == second


def test_where_nothing_tells_folds_do_not_flatter() -> None:
    """On pure noise a nested figure lies around one half."""
    noise = labeled_matrix(n_students=600, n_schools=8, first_years=(2021,), strength=0.0, seed=2)

    lead = _train(noise).sheet.backtests[0]

    assert [one.overall.auc.value for one in lead.candidates] == pytest.approx([0.5] * 4, abs=0.1)


def test_card_and_report_say_in_both_languages_that_folds_are_not_by_time(trained: Trained) -> None:
    """What the figures cannot claim stands first on the card."""
    sheet = json.loads(sheet_json(trained.sheet))

    french, _, english = card_markdown(sheet, CardProse({}, {}, {}), GroupNames()).partition("\n---\n")
    report = sheet_table(sheet)

    assert french.index("Ce découpage ne suit pas le temps") < french.index("## À quoi il sert")
    assert english.index("This split is not by time") < english.index("## What it is for")
    assert "## Qualité mesurée pli par pli, sans suivre le temps" in french
    assert "avenir" not in french + english
    assert "Ce découpage ne suit pas le temps" in report
    assert "This split is not by time" in report
    assert "fold 1 of 3: " in report


def test_students_at_random_carry_no_claim_and_give_their_reason() -> None:
    """Both languages say so, on the card and in the report."""
    only = {"candidates": {"names": ["one_column"]}, "rules": []}
    sheet = json.loads(sheet_json(_train(_matrix(), splits=RANDOM, **only).sheet))

    card = card_markdown(sheet, CardProse({}, {}, {}), GroupNames())
    report = sheet_table(sheet)

    for text in (card, report):
        assert "n’autorisent aucune affirmation sur une autre école ni sur une autre année." in text
        assert "Raison\u00a0: une seule année." in text
        assert "carry no claim about another school or another year. Reason: a single year." in text


def test_a_split_by_time_says_nothing_of_folds() -> None:
    """The sheet of a time split has no such part."""
    only = {"candidates": {"names": ["one_column"]}, "rules": [], "splits": {}, "as_of": {"dates": ["10-15"]}}

    sheet = json.loads(sheet_json(_train(labeled_matrix(n_students=200), **only).sheet))

    assert "folds" not in sheet["backtests"][0]


def test_trials_of_the_kept_model_come_with_folds(trained: Trained) -> None:
    """The model that is kept is tuned once more on all rows; those trials are recorded."""
    assert {trial.candidate for trial in trained.trials} == {"one_column", "logistic"}
    assert {trial.splits for trial in trained.trials} == {"fold 1 of 3, fold 2 of 3, fold 3 of 3"}

"""Exact attributions from leaf tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from earlywarn.errors import DamagedModelError
from earlywarn.scoring import Budget, LeafTables, Tree, compile_trees, read_trees
from earlywarn.scoring.explanations import FORMAT
from earlywarn.scoring.explanations.many import attributions_of_many
from tests.builders.shap_trees import shap_values


def chain_of(length: int) -> Tree:
    """A tree that asks one feature after the other, and goes on to the right only."""
    numbers = np.arange(length)
    return Tree(
        feature=numbers,
        threshold=np.zeros(length),
        missing_left=numbers % 2 == 0,
        left=-1 - numbers,
        right=np.append(numbers[1:], -1 - length),
        node_count=np.exp2(length - numbers),
        leaf_value=np.linspace(-1, 1, length + 1),
        leaf_count=np.append(np.exp2(length - numbers - 1), 1.0),
    )


def ladder_of(length: int) -> Tree:
    """A tree that asks one feature for one threshold after the other."""
    numbers = np.arange(length)
    chain = chain_of(length)
    return replace(
        chain,
        feature=np.zeros(length, dtype=np.int64),
        threshold=numbers.astype(np.float64),
        missing_left=np.ones(length, dtype=np.bool_),
        node_count=np.linspace(length + 1.0, 2.0, length),
        leaf_count=np.ones(length + 1),
    )


def score_of(tree: Tree, rows: np.ndarray) -> np.ndarray:
    """Walk each row down a tree."""
    scores = []
    for row in rows:
        node = 0
        while node >= 0:
            value = row[tree.feature[node]]
            left = tree.missing_left[node] if np.isnan(value) else value <= tree.threshold[node]
            node = int((tree.left if left else tree.right)[node])
        scores.append(tree.leaf_value[-1 - node])
    return np.array(scores)


def stump(*, missing_left: bool = True) -> Tree:
    """One split at 5 on feature 0: 30 of 40 rows go left to 1.0, 10 go right to 5.0."""
    return Tree(
        feature=np.array([0]),
        threshold=np.array([5.0]),
        missing_left=np.array([missing_left]),
        left=np.array([-1]),
        right=np.array([-2]),
        node_count=np.array([40.0]),
        leaf_value=np.array([1.0, 5.0]),
        leaf_count=np.array([30.0, 10.0]),
    )


def trained(n_rows: int = 400, **spec: object) -> tuple[lightgbm.Booster, np.ndarray]:
    """A LightGBM model on eight columns, a fifth of them missing, and its rows."""
    chance = np.random.default_rng(3)
    rows = chance.normal(size=(n_rows, 8))
    rows[chance.random(rows.shape) < 0.2] = np.nan
    label = np.nan_to_num(rows[:, 0] * rows[:, 1]) + np.nan_to_num(rows[:, 2]) > 0
    settings = {"objective": "binary", "num_leaves": 15, "num_threads": 1, "verbose": -1, **spec}
    data = lightgbm.Dataset(rows, label.astype(float), params=settings)
    return lightgbm.train(settings, data, num_boost_round=20), rows


def test_a_stump_splits_its_score_from_the_mean() -> None:
    """Mean (30 x 1 + 10 x 5) / 40 = 2; left is 1 = 2 - 1, right is 5 = 2 + 3."""
    tables = compile_trees([stump()], 2)

    answer = tables.attributions(np.array([[5.0, 0.0], [5.1, 0.0]]))

    assert tables.base == pytest.approx(2.0)
    assert answer == pytest.approx(np.array([[-1.0, 0.0], [3.0, 0.0]]))


@pytest.mark.parametrize(("missing_left", "expected"), [(True, -1.0), (False, 3.0)])
def test_a_missing_value_goes_to_the_default_side(missing_left: bool, expected: float) -> None:
    """A missing value is explained by the side it is sent to."""
    tables = compile_trees([stump(missing_left=missing_left)], 1)

    assert tables.attributions(np.array([[np.nan]])) == pytest.approx(np.array([[expected]]))


def test_two_features_share_an_and() -> None:
    """4 only if both are high, each for half of the rows: mean 1, and each of two equals gets 1.5."""
    tree = Tree(
        feature=np.array([0, 1]),
        threshold=np.array([0.0, 0.0]),
        missing_left=np.array([True, True]),
        left=np.array([-1, -2]),
        right=np.array([1, -3]),
        node_count=np.array([8.0, 4.0]),
        leaf_value=np.array([0.0, 0.0, 4.0]),
        leaf_count=np.array([4.0, 2.0, 2.0]),
    )

    tables = compile_trees([tree], 2)

    assert tables.base == pytest.approx(1.0)
    assert tables.attributions(np.array([[1.0, 1.0]])) == pytest.approx(np.array([[1.5, 1.5]]))
    # One high, one low: v(both) = 0, v(high) = 2, v(low) = 0, so high gets (2 - 1 + 0 - 0) / 2.
    assert tables.attributions(np.array([[1.0, -1.0]])) == pytest.approx(np.array([[0.5, -1.5]]))


def test_a_tree_of_one_leaf_only_moves_the_base() -> None:
    """A model that learned nothing explains nothing and still scores."""
    model, rows = trained(min_data_in_leaf=10_000)
    tables = compile_trees(read_trees(model.model_to_string()).trees, 8)

    assert not tables.attributions(rows).any()
    assert tables.base == pytest.approx(float(np.asarray(model.predict(rows[:1], raw_score=True))[0]))


def test_shap_agrees() -> None:
    """The shap library's own TreeSHAP, which shares no code with LightGBM's, gives the same attributions."""
    model, rows = trained(num_leaves=31)
    trees = read_trees(model.model_to_string()).trees
    oracle = shap_values(trees, rows)
    tables = compile_trees(trees, 8)

    assert oracle.shape == rows.shape
    assert np.abs(tables.attributions(rows) - oracle).max() <= 1e-10


def test_batch_size_changes_no_bit() -> None:
    """A row alone, in a class and among all gets the same bits."""
    model, rows = trained()
    tables = compile_trees(read_trees(model.model_to_string()).trees, 8)
    whole = tables.attributions(rows)

    alone = np.concatenate([tables.attributions(rows[i : i + 1]) for i in range(len(rows))])
    classes = np.concatenate([tables.attributions(rows[i : i + 28]) for i in range(0, len(rows), 28)])

    assert np.array_equal(whole, alone)
    assert np.array_equal(whole, classes)


def test_many_rows_are_read_with_the_same_bits() -> None:
    """Machine code and numpy agree to the last bit, whatever stands in tables and whatever does not."""
    model, rows = trained(num_leaves=31)
    rows = np.concatenate([rows, rows[:300] * 3, np.full((1, 8), np.nan), np.full((1, 8), np.inf)])
    trees = read_trees(model.model_to_string()).trees

    for most_rows in (1, 16, 1024):
        tables = compile_trees(trees, 8, budget=Budget(most_rows))
        assert np.array_equal(attributions_of_many(tables, rows), tables.attributions(rows))


def test_leaves_that_are_read_in_parts_are_as_exact() -> None:
    """Leaves that have too many facts for a table are put together from their parts when they are read."""
    model, rows = trained(num_leaves=31)
    trees = read_trees(model.model_to_string()).trees

    whole, in_parts = compile_trees(trees, 8), compile_trees(trees, 8, budget=Budget(most_rows=1))

    assert (whole.n_wide, in_parts.n_groups) == (0, 0)
    assert np.abs(whole.attributions(rows) - in_parts.attributions(rows)).max() <= 1e-13


def test_tables_over_the_size_limit_are_cut() -> None:
    """Tables get smaller until all fit, a row takes more steps, and the answer stays."""
    model, rows = trained(num_leaves=31)
    trees = read_trees(model.model_to_string()).trees
    whole, cut = compile_trees(trees, 8), compile_trees(trees, 8, budget=Budget(most_bytes=200_000))

    assert cut.n_bytes <= 200_000 < whole.n_bytes
    assert cut.largest_table < whole.largest_table
    assert cut.n_steps > whole.n_steps
    assert np.abs(cut.attributions(rows) - whole.attributions(rows)).max() <= 1e-13


def test_leaves_are_read_the_way_that_takes_the_fewest_steps() -> None:
    """Eleven questions one below the other are too many for a table of 1,024 rows."""
    tables = compile_trees([chain_of(11)], 12)

    # Seven leaves have a table each, of one feature to seven. The last five are read together: they share
    # seven features and part on four, which makes three parts at six nodes.
    assert (tables.n_groups, tables.n_wide) == (7, 1)
    assert tables.n_steps == sum(range(8)) + 6 * (11 + 2 * 3)


def test_a_deep_chain_and_many_thresholds_are_read() -> None:
    """A path on seventy features, and a feature of more thresholds than a byte tells apart."""
    chain, steps = chain_of(70), ladder_of(700)
    chance = np.random.default_rng(0)
    rows = np.concatenate([np.ones((1, 71)), chance.normal(size=(30, 71)) + 1, np.full((1, 71), np.nan)])
    tables = compile_trees([chain], 71)

    told = tables.attributions(rows)

    assert tables.n_wide > 0
    assert told.sum(axis=1) + tables.base == pytest.approx(score_of(chain, rows), abs=1e-12)
    assert np.array_equal(attributions_of_many(tables, rows), told)
    values = chance.uniform(-1, 701, size=(50, 1))
    tables = compile_trees([steps], 1)
    told = tables.attributions(values)
    assert told[:, 0] + tables.base == pytest.approx(score_of(steps, values), abs=1e-9)
    assert np.array_equal(attributions_of_many(tables, values), told)


def test_scale_averages_seeds() -> None:
    """Two models at half scale add up to the mean of both."""
    first, rows = trained(seed=1, bagging_fraction=0.5, bagging_freq=1)
    second, _ = trained(seed=2, bagging_fraction=0.5, bagging_freq=1)
    trees = [tree for m in (first, second) for tree in read_trees(m.model_to_string()).trees]
    tables = compile_trees(trees, 8, scale=0.5)

    margins = tables.base + tables.attributions(rows).sum(axis=1)

    expected = [np.asarray(m.predict(rows, raw_score=True)) for m in (first, second)]
    assert np.abs(margins - np.mean(expected, axis=0)).max() <= 1e-12


def test_rows_of_another_width_are_refused() -> None:
    """Rows are matched by position, so their number must be right."""
    with pytest.raises(ValueError, match="the model has 2 features"):
        compile_trees([stump()], 2).attributions(np.zeros((1, 3)))


@pytest.mark.parametrize(
    ("spec", "word"),
    [({}, "categorical"), ({"zero_as_missing": True}, "zero for missing"), ({"linear_tree": True}, "linear")],
)
def test_trees_we_cannot_explain_are_refused_by_name(spec: dict[str, bool], word: str) -> None:
    """A model with something unknown in it is refused, and the message says what."""
    chance = np.random.default_rng(1)
    rows = chance.integers(0, 6, size=(500, 4)).astype(float)
    label = np.isin(rows[:, 3], [1, 4]) ^ (rows[:, 0] == 0)
    settings = {"objective": "binary", "num_threads": 1, "verbose": -1, "min_data_per_group": 1, **spec}
    categorical: list[int] = [3] if word == "categorical" else []
    data = lightgbm.Dataset(rows, label.astype(float), params=settings, categorical_feature=categorical)
    model = lightgbm.train(settings, data, num_boost_round=3)

    with pytest.raises(DamagedModelError, match=word):
        read_trees(model.model_to_string())


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"objective": "multiclass", "num_class": 3}, "several outputs"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "random forest"),
    ],
)
def test_models_we_cannot_explain_are_refused_by_name(spec: dict[str, object], word: str) -> None:
    """A model of several classes, or one that averages its trees, is refused rather than half explained."""
    chance = np.random.default_rng(1)
    rows, label = chance.normal(size=(300, 3)), chance.integers(0, 2, size=300).astype(float)
    settings = {"objective": "binary", "num_threads": 1, "verbose": -1, **spec}
    model = lightgbm.train(settings, lightgbm.Dataset(rows, label), num_boost_round=2)

    with pytest.raises(DamagedModelError, match=word):
        read_trees(model.model_to_string())


def test_the_page_explains_a_model_as_it_says() -> None:
    """The example of docs/explanations.md runs on a booster and rows, and gives what it promises."""
    page = (Path(__file__).parents[3] / "docs" / "explanations.md").read_text(encoding="utf-8")
    example = page.split("```python\n", 1)[1].split("```", 1)[0]
    booster, rows = trained(num_leaves=31)
    told: dict[str, Any] = {"booster": booster, "rows": rows}

    exec(compile(example, "docs/explanations.md", "exec"), told)  # noqa: S102 - our own page

    contributions = np.asarray(booster.predict(rows, pred_contrib=True))
    assert np.abs(told["shares"] - contributions[:, :-1]).max() <= 1e-10
    assert np.abs(told["tables"].base - contributions[:, -1]).max() <= 1e-10
    assert np.abs(told["scores"] - np.asarray(booster.predict(rows, raw_score=True))).max() <= 1e-9
    assert np.array_equal(told["same"], told["shares"])


def test_cut_text_is_refused() -> None:
    """A model text that stops before its end, wherever, is refused rather than half read."""
    text = trained()[0].model_to_string()
    end = text.index("end of trees")

    for at in range(0, end, max(1, end // 150)):
        with pytest.raises(DamagedModelError):
            read_trees(text[:at])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("lines.conditions", lambda own: own + 7),
        ("lines.strides", lambda own: own * 2),
        ("groups.columns", lambda own: own - 1),
        ("groups.table", lambda own: own[:-1]),
        ("groups.table", lambda own: own * np.nan),
        ("lines.starts", lambda own: own[::-1]),
        ("questions.starts", lambda own: own + 1),
        ("questions.thresholds", lambda own: own * np.nan),
        ("questions.missing", lambda own: own + 2),
        ("questions.first", lambda own: own - 2),
        ("questions.first", lambda own: own + 2),
        ("questions.last", lambda own: own + 256),
        ("questions.feature", lambda own: own.reshape(-1, 1)),
        ("wide.nodes", lambda own: np.append(own, 1)),
        ("base", lambda own: own * np.inf),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Leaf tables from a file are checked before anything is read from them."""
    arrays = compile_trees([stump()], 1).to_arrays()
    arrays[name] = change(np.asarray(arrays[name]))

    with pytest.raises(DamagedModelError, match="do not fit"):
        LeafTables.from_arrays(arrays)


def test_columns_that_no_split_asks_for_are_refused() -> None:
    """Machine code has no line for them: it would write beside its memory."""
    arrays = compile_trees([stump()], 3).to_arrays()
    arrays["groups.columns"] = np.asarray(arrays["groups.columns"]) + 2

    with pytest.raises(DamagedModelError, match="do not fit"):
        LeafTables.from_arrays(arrays)


def test_parts_with_a_gap_are_refused() -> None:
    """Machine code reads the features of a part up to the first that is none, numpy all that are."""
    arrays = compile_trees([chain_of(11)], 12).to_arrays()
    columns = np.array(arrays["wide.columns"], dtype=np.int64)
    part = np.flatnonzero(columns[:, -1] < 0)[0]
    columns[part] = columns[part, ::-1]
    arrays["wide.columns"] = columns

    with pytest.raises(DamagedModelError, match="do not fit"):
        LeafTables.from_arrays(arrays)


def test_strides_that_add_up_anew_from_zero_are_refused() -> None:
    """Two strides as large as a number can be take a sum past its end, back to what the table holds."""
    arrays = compile_trees([chain_of(11)], 12).to_arrays()
    starts, strides = np.asarray(arrays["lines.starts"]), np.array(arrays["lines.strides"])
    start = int(starts[np.flatnonzero(np.diff(starts) >= 3)[0]])
    before = int(strides[start : start + 3].sum())
    strides[start : start + 3] = [2**63 - 1, 2**63 - 1, before + 2]
    assert np.add.reduce(strides[start : start + 3]) == before
    arrays["lines.strides"] = strides

    with pytest.raises(DamagedModelError, match="do not fit"):
        LeafTables.from_arrays(arrays)


@pytest.mark.parametrize("written_as", [[], [[FORMAT]], ["three"]])
def test_a_format_that_is_none_is_refused(written_as: list[object]) -> None:
    """An empty, nested or written-out format is another release's, and no fault of this one."""
    arrays = compile_trees([stump()], 1).to_arrays() | {"format": np.array(written_as)}

    with pytest.raises(DamagedModelError, match="written by another release"):
        LeafTables.from_arrays(arrays)


@pytest.mark.parametrize("written_as", [None, 1])
def test_tables_of_another_release_are_refused(written_as: int | None) -> None:
    """What stands in a folder that another release published is not guessed at."""
    arrays = compile_trees([stump()], 1).to_arrays()
    del arrays["format"]
    if written_as is not None:
        arrays["format"] = np.array([written_as])

    with pytest.raises(DamagedModelError, match="written by another release"):
        LeafTables.from_arrays(arrays)

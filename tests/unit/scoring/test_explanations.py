"""Exact attributions from leaf tables."""

from __future__ import annotations

import warnings

import lightgbm
import numpy as np
import pytest

from earlywarn.errors import DamagedModelError
from earlywarn.scoring import LeafTables, Tree, compile_trees, read_trees


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


def shap_tree(tree: Tree) -> dict[str, np.ndarray]:
    """Write a tree as the shap library's own code takes it: nodes first, then leaves."""
    n_nodes, n_leaves = len(tree.feature), len(tree.leaf_value)
    left, right = (np.where(side < 0, n_nodes - 1 - side, side) for side in (tree.left, tree.right))
    ends, zeros = np.full(n_leaves, -1), np.zeros(n_leaves)
    return {
        "children_left": np.concatenate([left, ends]),
        "children_right": np.concatenate([right, ends]),
        "children_default": np.concatenate([np.where(tree.missing_left, left, right), ends]),
        "features": np.concatenate([tree.feature, ends]),
        "thresholds": np.concatenate([tree.threshold, zeros]),
        "values": np.concatenate([np.zeros(n_nodes), tree.leaf_value])[:, None],
        "node_sample_weight": np.concatenate([tree.node_count, tree.leaf_count]),
    }


def test_shap_agrees() -> None:
    """The shap library's own TreeSHAP, which shares no code with LightGBM's, gives the same attributions."""
    with warnings.catch_warnings():  # shap's plots set colors in a way that matplotlib will drop
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        import shap
    model, rows = trained(num_leaves=31)
    trees = read_trees(model.model_to_string()).trees
    described = {"trees": [shap_tree(tree) for tree in trees], "input_dtype": np.float64}
    explainer = shap.TreeExplainer(described, feature_perturbation="tree_path_dependent")
    oracle = np.asarray(explainer.shap_values(rows, check_additivity=False))
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


def test_leaves_without_a_table_give_the_same_bits() -> None:
    """The fallback for wide leaves is the same formula, run later."""
    model, rows = trained(num_leaves=31)
    trees = read_trees(model.model_to_string()).trees

    tabulated = compile_trees(trees, 8).attributions(rows)
    computed = compile_trees(trees, 8, max_bits=0).attributions(rows)

    assert np.array_equal(tabulated, computed)


def test_tables_over_the_size_limit_fall_back() -> None:
    """The widest leaves go without a table first, and the answer stays."""
    model, rows = trained(num_leaves=31)
    trees = read_trees(model.model_to_string()).trees
    tables = compile_trees(trees, 8, max_bytes=50_000)

    assert any(leaves.table is None for leaves in tables.classes)
    assert sum(leaves.table.nbytes for leaves in tables.classes if leaves.table is not None) <= 50_000
    assert np.array_equal(tables.attributions(rows), compile_trees(trees, 8).attributions(rows))


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


def test_cut_text_is_refused() -> None:
    """A model text that stops before its end, wherever, is refused rather than half read."""
    text = trained()[0].model_to_string()
    end = text.index("end of trees")

    for at in range(0, end, max(1, end // 150)):
        with pytest.raises(DamagedModelError):
            read_trees(text[:at])


def test_arrays_that_do_not_fit_are_refused() -> None:
    """Leaf tables from a file are checked before anything is read from them."""
    arrays = compile_trees([stump()], 1).to_arrays()
    arrays["conditions_0"] = arrays["conditions_0"] + 7

    with pytest.raises(DamagedModelError, match="do not fit"):
        LeafTables.from_arrays(arrays)

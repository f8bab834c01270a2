"""Attributions equal LightGBM's own on random models and rows, and add up to the score."""

from __future__ import annotations

import os
from dataclasses import dataclass

import lightgbm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earlywarn.scoring import Budget, LeafTables, compile_trees, read_trees
from earlywarn.scoring.explanations.many import attributions_of_many
from tests.builders.shap_trees import shap_values

CASES = 150 * int(os.environ.get("EARLYWARN_CASES", "1"))
SHAP_EVERY = 5
"""shap walks trees slowly: it is asked about one model in so many."""


@dataclass
class Tally:
    """What the property has seen, for the line it prints."""

    models: int = 0
    rows: int = 0
    by_shap: int = 0
    from_lightgbm: float = 0.0
    from_margin: float = 0.0


@st.composite
def tree_models(draw: st.DrawFn) -> tuple[lightgbm.Booster, np.ndarray]:
    """A small LightGBM model on odd columns, and rows to explain: missing, zero, extreme, unseen values."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_rows, n_features = draw(st.integers(20, 300)), draw(st.integers(1, 14))
    columns = chance.normal(size=(n_rows, n_features))
    kind = chance.integers(0, 5, size=n_features)
    columns[:, kind == 1] = np.round(columns[:, kind == 1])
    columns[:, kind == 2] *= chance.random((n_rows, int((kind == 2).sum()))) < 0.3
    columns[:, kind == 3] = 7.0
    missing = draw(st.sampled_from([0.0, 0.2, 0.7]))
    columns[chance.random(columns.shape) < missing] = np.nan
    signal = np.nan_to_num(columns).sum(axis=1) + chance.normal(size=n_rows)
    binary = draw(st.booleans())
    labels = (signal > 0).astype(float) if binary else signal
    spec = {
        "objective": "binary" if binary else "regression",
        "num_leaves": draw(st.integers(2, 40)),
        "max_depth": draw(st.sampled_from([-1, 3, 6])),
        "min_data_in_leaf": draw(st.sampled_from([1, 5, 50])),
        "learning_rate": draw(st.sampled_from([0.05, 0.5])),
        "bagging_fraction": 0.7,
        "bagging_freq": draw(st.integers(0, 1)),
        "max_bin": draw(st.sampled_from([4, 255])),
        "extra_trees": draw(st.booleans()),
        "monotone_constraints": [int(sign) for sign in chance.integers(-1, 2, size=n_features)],
        "seed": 1,
        "num_threads": 1,
        "verbose": -1,
    }
    data = lightgbm.Dataset(columns, labels, free_raw_data=False)
    model = lightgbm.train(spec, data, num_boost_round=draw(st.integers(1, 12)))
    rows = np.concatenate([columns[:20], 3 * chance.normal(size=(20, n_features))])
    rows[chance.random(rows.shape) < 0.1] = np.nan
    rows[chance.random(rows.shape) < 0.05] = 0.0
    rows[chance.random(rows.shape) < 0.05] = 1e300
    rows[chance.random(rows.shape) < 0.02] = -np.inf
    return model, rows


def test_attributions_equal_lightgbm_and_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Every attribution is `pred_contrib`'s within 1e-10, and base plus attributions is the margin."""
    tally = Tally()

    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=tree_models(), most_rows=st.sampled_from([1, 8, 1024]))
    def promise(case: tuple[lightgbm.Booster, np.ndarray], most_rows: int) -> None:
        model, rows = case
        trees = read_trees(model.model_to_string()).trees
        tables = compile_trees(trees, rows.shape[1], budget=Budget(most_rows))
        contributions = np.asarray(model.predict(rows, pred_contrib=True, num_threads=1))
        margins = np.asarray(model.predict(rows, raw_score=True, num_threads=1))

        ours = tables.attributions(rows)

        difference = np.abs(contributions[:, :-1] - ours).max()
        difference = max(difference, np.abs(contributions[:, -1] - tables.base).max())
        error = np.abs(tables.base + ours.sum(axis=1) - margins).max()
        assert difference <= 1e-10
        assert error <= 1e-9
        assert np.array_equal(attributions_of_many(tables, rows), ours)
        if tally.models % SHAP_EVERY == 0:
            own = shap_values(trees, rows)
            assert np.abs(own - ours).max() <= 1e-10
            tally.by_shap += 1
        again = LeafTables.from_arrays(tables.to_arrays())
        assert np.array_equal(again.attributions(rows[7:8]), ours[7:8])
        tally.models += 1
        tally.rows += len(rows)
        tally.from_lightgbm = max(tally.from_lightgbm, float(difference))
        tally.from_margin = max(tally.from_margin, float(error))

    promise()

    with capsys.disabled():
        print(  # noqa: T201
            f"\nattributions: {tally.models} random models, {tally.rows} rows, largest difference from "
            f"pred_contrib {tally.from_lightgbm:.1e}, from the margin {tally.from_margin:.1e}; "
            f"{tally.by_shap} models agree with shap's own algorithm"
        )

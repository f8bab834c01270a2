"""A declared model trains on a matrix, chooses honestly, and is read as it was written."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from earlywarn.errors import TrainingError
from earlywarn.modeling import (
    BundleParts,
    Fitting,
    ModelSpec,
    Trained,
    read_bundle,
    train_model,
    write_bundle,
)
from earlywarn.modeling.calibrators import Sigmoid
from earlywarn.scoring import risk_range_from
from tests.builders.matrices import LEAVING, labeled_matrix

SPEC: dict[str, Any] = {
    **LEAVING,
    "rules": [{"name": "absent", "feature": "absence", "above": 2.0}],
    "audit": {"groups": ["sex"]},
}


def trained_on(matrix: Any, **changes: Any) -> Trained:
    """Train the plain spec, changed, on a matrix."""
    spec = ModelSpec.model_validate({**SPEC, **changes})
    fitting = Fitting(seed=0, n_threads=1, n_seeds=2)
    return train_model(matrix, spec, network="net", today=date(2026, 1, 1), fitting=fitting)


@pytest.fixture(scope="module")
def trained() -> Trained:
    """Return the model of the plain spec, trained once."""
    return trained_on(labeled_matrix())


def test_every_candidate_stands_beside_the_chosen_one(trained: Trained) -> None:
    """Rules, columns and every candidate are measured on the held-out year."""
    lead = trained.sheet.backtests[0]
    assert [one.name for one in lead.candidates] == [
        "rules",
        "column_per_moment",
        "one_column",
        "logistic",
        "lightgbm",
        "lightgbm_on_logistic",
        "blend",
    ]
    assert lead.tested_on == ("2023-2024",)
    assert lead.trained_on == ("2021-2022", "2022-2023")
    assert lead.candidate("logistic").overall.auc.value > 0.75


def test_where_nothing_tells_a_complex_candidate_is_rarely_chosen() -> None:
    """On pure noise the choice seldom errs: at most one in eight here."""
    leads = [
        trained_on(labeled_matrix(n_students=1000, strength=0.0, seed=seed)).sheet.backtests[0]
        for seed in range(8)
    ]

    assert [lead.chosen for lead in leads].count("one_column") >= 7
    assert [lead.candidate("lightgbm").overall.auc.value for lead in leads] == pytest.approx(
        [0.5] * 8, abs=0.1
    )


def test_a_label_known_only_after_today_counts_for_nothing() -> None:
    """On 1 January 2024 the last year's labels do not exist yet."""
    spec = ModelSpec.model_validate(SPEC)

    trained = train_model(
        labeled_matrix(),
        spec,
        network="net",
        today=date(2024, 1, 1),
        fitting=Fitting(n_threads=1, n_seeds=1),
    )

    assert trained.sheet.backtests[0].tested_on == ("2022-2023",)
    assert trained.details["trained_on"] == ["2021-2022", "2022-2023"]


def test_units_without_data_are_counted_and_left_out() -> None:
    """A row that knows none of the asked features is not scored."""
    matrix = labeled_matrix()
    n_missing = int(np.isnan(matrix.features["mark"].to_numpy()).sum())

    trained = trained_on(
        matrix, scoring={"needs_any": ["mark"], "fr": "sans résultat", "en": "no mark is known"}
    )

    assert trained.sheet.n_abstained == n_missing > 0
    assert trained.sheet.notes == (f"not scored: {n_missing} rows, because no mark is known",)


def test_a_rule_on_an_unknown_feature_is_refused() -> None:
    """A misspelled feature is named, not ignored."""
    with pytest.raises(TrainingError, match="'abscence'"):
        trained_on(labeled_matrix(), rules=[{"name": "absent", "feature": "abscence", "above": 2.0}])


def test_too_few_outcomes_are_refused() -> None:
    """Ten students teach nothing."""
    with pytest.raises(TrainingError, match="at least 20 on each side"):
        trained_on(labeled_matrix(n_students=10))


def test_a_bundle_says_the_same_after_writing_and_reading(trained: Trained, tmp_path: Path) -> None:
    """Margins come back to the last bit, and attributions add up to them."""
    parts = BundleParts(
        model=trained.model,
        calibrator=trained.calibrator,
        details=trained.details,
        catalog=trained.encoded.catalog.to_json(),
        encoding=trained.encoded.encoding.to_json(),
        quantiles=trained.quantiles,
        backtest="{}",
        card="",
        declarations={"model.toml": ""},
        risk_range=trained.risk_range,
    )

    bundle = read_bundle(write_bundle(tmp_path / "bundle", parts))

    read = risk_range_from(json.loads((tmp_path / "bundle" / "risk_range.json").read_text("utf-8")))
    assert trained.risk_range.n_students == 300
    assert read.low_x.tolist() == list(trained.risk_range.low.x)
    values = trained.encoded.values[:200]
    assert (bundle.model.margins(values) == trained.model.margins(values)).all()
    base = trained.model.margins(values) - bundle.attributions(values).sum(axis=1)
    assert np.ptp(base) < 1e-9


def test_one_column_is_judged_by_the_best_of_each_moment(trained: Trained) -> None:
    """The best column of each moment stands beside the candidates, and no spec can publish it."""
    lead = trained.sheet.backtests[0]
    spec = ModelSpec.model_validate({**SPEC, "gates": {"not_worse_than": ["one_column"]}})

    assert set(lead.candidate("column_per_moment").settings) == {"10-15", "03-15"}
    assert "column_per_moment" in {pair.other for pair in lead.comparisons}
    assert "column_per_moment" not in spec.publishable


def test_trials_of_every_candidate_come_with_the_model(trained: Trained) -> None:
    """What tuning tried inside the past stands in what training returns, best ones marked."""
    names = {trial.candidate for trial in trained.trials}

    assert names == {"one_column", "logistic", "lightgbm", "lightgbm_on_logistic", "blend"}
    assert sum(trial.is_best for trial in trained.trials) == len(names)


@pytest.mark.parametrize("tuning", [{"trials": 21}, {"trials": 0}, {"most_rows": 300_001}])
def test_tuning_is_bounded(tuning: dict[str, int]) -> None:
    """At most 20 trials on at most 300,000 rows."""
    with pytest.raises(ValidationError, match=next(iter(tuning))):
        ModelSpec.model_validate({**SPEC, "tuning": tuning})


def test_no_sensitive_column_is_a_feature(trained: Trained) -> None:
    """Groups are audited, and stand in no model."""
    assert {one.column for one in trained.sheet.backtests[0].groups} == {"sex"}
    assert not [name for name in trained.model.features if name.startswith("sex")]


def test_a_sampled_training_says_so_and_means_the_same() -> None:
    """With fewer rows than it was given, a fit says the same rates, and the sheet says what it took in."""
    matrix = labeled_matrix(n_students=600)
    candidates: dict[str, Any] = {"candidates": {"names": ["logistic"]}, "rules": []}

    full = trained_on(matrix, **candidates)
    sampled = trained_on(matrix, **candidates, training={"most_rows": 1500})

    n_rows = full.details["n_trained"]
    assert sampled.details["n_trained"] == n_rows
    assert 1200 < sampled.details["n_fitted"] < 1800
    assert f"fits took in {sampled.details['n_fitted']} of {n_rows} rows" in sampled.sheet.notes[-1]
    assert "n_fitted" not in full.details
    rows = np.arange(len(matrix))
    rates = [
        Sigmoid(1.0, 0.0).risks(one.model.margins(one.encoded.values[rows])).mean() for one in (full, sampled)
    ]
    assert rates[1] == pytest.approx(rates[0], abs=0.02)

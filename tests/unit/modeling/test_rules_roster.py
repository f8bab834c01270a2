"""Rules become trees of two leaves that LightGBM itself reads, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from earlywarn.errors import DamagedModelError, TrainingError
from earlywarn.modeling import ModelSpec, rules_roster
from earlywarn.modeling.rules_roster import trees_of
from earlywarn.modeling.spec import Rule
from earlywarn.pipeline.start import write_roster
from earlywarn.publication import unsigned_model
from earlywarn.scoring import compile_trees, read_trees
from tests.builders.matrices import labeled_matrix
from tests.unit.modeling.test_training import SPEC

RULES = (
    Rule(name="above", feature="x", above=0.1),
    Rule(name="below", feature="y", below=60.0),
    Rule(name="any", feature="x", above=0.0),
    Rule(name="negative", feature="y", below=0.0),
)
FEATURES = ("x", "y")
UP, DOWN = np.nextafter(0.1, 1), np.nextafter(60.0, 0)
ROWS = np.array([[0.1, 60.0], [UP, DOWN], [0.0, 0.0], [-1.0, -1.0], [np.nan, np.nan], [np.nan, 5.0]])
POINTS = [1.0, 3.0, 1.0, 2.0, 0.0, 1.0]


def spec(**changes: Any) -> ModelSpec:
    """Return the plain spec with two rules."""
    rules = [
        {"name": "absent", "feature": "absence", "above": 2.0, "fr": "absent", "en": "absent"},
        {"name": "low", "feature": "mark", "below": 60.0, "fr": "bas", "en": "low"},
    ]
    return ModelSpec.model_validate({**SPEC, "rules": rules, **changes})


@pytest.mark.parametrize("n_met", [(3, 2, 5, 1), (0, 0, 10, 10)])
def test_lightgbm_and_our_tables_count_the_same_points(n_met: tuple[int, ...]) -> None:
    """At the mark, a hair beyond it, below zero and where nothing is known, whoever meets a rule."""
    text = trees_of(RULES, FEATURES, n_met, 10)
    booster = lightgbm.Booster(model_str=text)
    tables = compile_trees(read_trees(text).trees, len(FEATURES))

    ours = np.column_stack([tables.attributions(ROWS), np.full(len(ROWS), tables.base)])
    theirs = np.asarray(booster.predict(ROWS, pred_contrib=True))

    assert np.asarray(booster.predict(ROWS, raw_score=True)).tolist() == POINTS
    assert np.abs(ours - theirs).max() < 1e-12
    assert np.abs(ours.sum(axis=1) - POINTS).max() < 1e-12


def test_no_outcome_is_looked_at() -> None:
    """The same rows with all outcomes turned round, or none, give the same bytes."""
    matrix = labeled_matrix(n_students=40)
    blind = labeled_matrix(n_students=40, horizon_days=100_000)

    assert blind.labels != matrix.labels
    one, other = (rules_roster(rows, spec(), network="net") for rows in (matrix, blind))

    assert (one.model, one.details, one.n_met) == (other.model, other.details, other.n_met)
    assert one.details["base_rate"] is None
    assert one.model.features == ("absence", "mark")


def test_points_are_whole_so_that_ties_are_ties(tmp_path: Path) -> None:
    """Whichever rules a student meets, as many points are the same margin to the last bit."""
    rules = [
        {"name": f"rule_{n}", "feature": "absence", "above": 0.3 * n, "fr": "r", "en": "r"} for n in range(9)
    ]
    matrix = labeled_matrix(n_students=60)
    roster = rules_roster(matrix, spec(rules=rules), network="net")
    texts = {"contract.toml": "[network]", "indicators.toml": "", "model.toml": 'name = "leaving"'}
    model = unsigned_model(write_roster(tmp_path / "bundle", roster, texts, backtest="{}", card=""))
    absence = np.asarray(matrix.features["absence"].to_numpy())

    margins = model.margins(absence[:, None])

    assert model.features == ("absence",)
    assert margins.tolist() == np.sum([absence > 0.3 * n for n in range(9)], axis=0).tolist()


def test_what_cannot_be_a_list_is_refused() -> None:
    """No rule, or a rule on a feature that the families do not give, is named."""
    matrix = labeled_matrix(n_students=20)
    unknown = [{"name": "late", "feature": "lates", "above": 1.0, "fr": "r", "en": "l"}]

    with pytest.raises(TrainingError, match=r"no \[\[rules\]\] are declared"):
        rules_roster(matrix, spec(rules=[], candidates={"names": ["logistic"]}), network="net")
    with pytest.raises(TrainingError, match="'lates'"):
        rules_roster(matrix, spec(rules=unknown), network="net")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("calibrator.json", '"none"', '"sigmoid", "slope": 1.0, "intercept": 0.0'),
        ("model.json", '"kind": "rules"', '"kind": "logistic"'),
        ("model.json", '"below": 60.0', '"below": null'),
        ("model.json", '"feature": "mark"', '"feature": "other"'),
    ],
)
def test_rules_with_a_risk_and_a_model_without_are_refused(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    """Whoever would dress a list by rules up with risks, or break a rule, is refused when it is loaded."""
    roster = rules_roster(labeled_matrix(n_students=20), spec(), network="net")
    texts = {"contract.toml": "[network]", "indicators.toml": "", "model.toml": 'name = "leaving"'}
    folder = write_roster(tmp_path / "bundle", roster, texts, backtest="{}", card="")
    assert np.isnan(unsigned_model(folder).risks(np.array([1.0]))).all()
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(DamagedModelError):
        unsigned_model(folder)

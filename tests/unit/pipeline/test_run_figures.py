"""A sheet becomes metrics that group well, and nested runs for candidates and trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from earlywarn.modeling import Trial
from earlywarn.pipeline.run_figures import candidate_runs, run_metrics
from earlywarn.pipeline.run_record import head_of


@pytest.fixture
def sheet(project: Path) -> dict[str, Any]:
    """Return a committed sheet, as older trainings wrote it: without curves."""
    found: dict[str, Any] = json.loads((project / "models/quebec/dropout/backtest.json").read_text("utf-8"))
    found["backtests"][0].pop("list_curves", None)
    return found


def test_the_run_tells_the_chosen_models_figures(sheet: dict[str, Any]) -> None:
    """Overall, per moment, grade, group and unseen schools; what cannot be told is not there."""
    lead = sheet["backtests"][0]
    chosen = next(one for one in lead["candidates"] if one["name"] == lead["chosen"])
    lead["by_grade"]["sec1"]["auc"] = {"value": None, "low": None, "high": None}

    told = run_metrics(sheet)

    assert told["strict/all/auc"] == chosen["overall"]["auc"]["value"]
    assert told["strict/moment 03-15 intervals/brier_low"] == chosen["by_moment"]["03-15"]["brier"]["low"]
    assert "strict/grade sec1/auc" not in told
    assert {name.split("/")[0] for name in told} == {"strict"}
    assert all(isinstance(value, float) for value in told.values())


def test_trials_stand_below_their_candidate(sheet: dict[str, Any]) -> None:
    """Each with its settings and its loss; the candidate keeps the losses along the trials."""
    trials = [
        Trial("lightgbm", 1, {"rate": 0.05, "n_leaves": 15}, 0.31, "2023-2024"),
        Trial("lightgbm", 0, {"rate": 0.1, "n_leaves": 15}, 0.32, "2023-2024"),
        Trial("logistic", 0, {"penalty": 10.0}, 0.33, "2023-2024", is_best=True),
    ]

    runs = {run.name: run for run in candidate_runs(sheet, trials)}

    assert list(runs) == [one["name"] for one in sheet["backtests"][0]["candidates"]]
    boosted = runs["lightgbm"]
    assert boosted.series["tuning/loss"] == [(0, 0.32), (1, 0.31)]
    assert boosted.metrics["tuning/best_loss"] == 0.31
    assert [run.params for run in boosted.children] == [
        {"rate": "0.1", "n_leaves": "15"},
        {"rate": "0.05", "n_leaves": "15"},
    ]
    assert runs["logistic"].children[0].tags["best"] == "true"
    assert not runs["rules"].children


def test_the_description_is_the_head_of_the_english_card(project: Path) -> None:
    """It says what the model warns of and must never be used for, and holds no table."""
    head = head_of((project / "models/quebec/dropout/CARD.md").read_text("utf-8"))

    assert head.startswith("# Model card: quebec/dropout")
    assert "## What it must never be used for" in head
    assert "|" not in head

"""From published files to a promoted model, on real rows, by declared TOML alone."""

from __future__ import annotations

import json
import multiprocessing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from earlywarn.errors import BusyError, RegistryError
from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.promote import promote
from earlywarn.pipeline.report import report
from earlywarn.pipeline.train import TrainingResult, train
from earlywarn.workspace import Workspace, locked
from tests.builders.lean import SIMPLE, lean_model

TODAY = date(2015, 9, 1)


@pytest.fixture(scope="module")
def workspace(real_data: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Take the published files in, once."""
    home = tmp_path_factory.mktemp("courses")
    workspace = Workspace(home / "workspace")
    ingest(
        project / "models" / "oulad",
        real_data / "oulad",
        workspace,
        received_on=TODAY,
        backfill=True,
        keys=home / "keys",
    )
    return workspace


@pytest.fixture(scope="module")
def model(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Declare one of the two models with little tuning."""
    declared = project / "models" / "oulad" / "fail_or_withdraw"
    return lean_model(declared, tmp_path_factory.mktemp("lean"), names=SIMPLE)


@pytest.fixture(scope="module")
def trained(workspace: Workspace, model: Path) -> TrainingResult:
    """Train it, once."""
    return train(model, workspace, today=TODAY, pictures=False)


def _backtests(trained: TrainingResult) -> dict[str, Any]:
    sheet = json.loads((trained.sheets / "backtest.json").read_text(encoding="utf-8"))
    return {one["protocol"]: one for one in sheet["backtests"]}


def test_the_strict_past_holds_no_label_of_an_overlapping_period(trained: TrainingResult) -> None:
    """2013J ends when 2014B has long begun: strictly it trains nothing; both figures are printed."""
    found = _backtests(trained)

    assert list(found) == ["strict", "accepted"]
    assert found["strict"]["trained_on"] == ["2013B"]
    assert found["accepted"]["trained_on"] == ["2013B", "2013J"]
    assert "strict: trained on 2013B" in trained.table


@pytest.mark.parametrize("protocol", ["strict", "accepted"])
@pytest.mark.parametrize(("moment", "floor"), [("30", 0.74), ("60", 0.79), ("90", 0.81)])
def test_the_chosen_model_reaches_the_floor(
    trained: TrainingResult, protocol: str, moment: str, floor: float
) -> None:
    """The published reference figures, less two points for the columns that are not allowed."""
    found = _backtests(trained)[protocol]
    chosen = next(one for one in found["candidates"] if one["name"] == found["chosen"])

    assert floor < chosen["by_moment"][moment]["auc"]["value"] < 0.9


def test_every_baseline_is_beaten(trained: TrainingResult) -> None:
    """Rules and one column are beaten by a paired interval, under both protocols."""
    for found in _backtests(trained).values():
        verdicts = {pair["other"]: pair["verdict"] for pair in found["comparisons"]}
        assert (verdicts["rules"], verdicts["one_column"]) == ("beats", "beats")


def test_modules_that_only_the_future_has_stand_apart(trained: TrainingResult) -> None:
    """One module was first given in 2014."""
    apart = _backtests(trained)["accepted"]["held_out"]

    assert [(one["how"], one["n_schools"]) for one in apart] == [("schools that only the future has", 1)]


def test_the_candidate_is_promoted_and_reported(
    trained: TrainingResult, workspace: Workspace, project: Path
) -> None:
    """Every gate is open, and the report prints the same table again."""
    folder = project / "models" / "oulad" / "fail_or_withdraw"

    promoted = promote(folder, workspace)

    assert promoted.version.version == trained.version.version
    assert report(folder, workspace) == trained.table


def test_nothing_is_promoted_before_it_is_trained(workspace: Workspace, project: Path) -> None:
    """The other model has no candidate yet."""
    with pytest.raises(RegistryError, match=r"oulad\.withdrawal: the model has no candidate"):
        promote(project / "models" / "oulad" / "withdrawal", workspace)


def test_a_second_training_at_the_same_time_is_refused(workspace: Workspace, project: Path) -> None:
    """Whoever comes second is told who is at work."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(workspace.home, ready, done))
    holder.start()
    try:
        assert ready.wait(30)
        with pytest.raises(BusyError, match=r"the first, process \d+ is at work here"):
            train(project / "models" / "oulad" / "withdrawal", workspace, today=TODAY, pictures=False)
    finally:
        done.set()
        holder.join()


def _hold(home: Path, ready: Any, done: Any) -> None:
    with locked(Workspace(home), "train", owner="the first"):
        ready.set()
        done.wait(30)

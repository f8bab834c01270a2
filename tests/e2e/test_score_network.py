"""Scoring a network as a whole, and the same units on demand."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from earlywarn.errors import AsOfError, DamagedModelError, PublicationError, StorageError, TableError
from earlywarn.pipeline.run_tables import TABLES
from earlywarn.pipeline.score import ScoreRun, current_run, read_run, score
from earlywarn.pipeline.score_on_demand import TableScorer
from earlywarn.publication import load_current, public_key
from earlywarn.workspace import Workspace
from tests.builders.scored_network import AS_OF, ScoredNetwork, published_network


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> ScoredNetwork:
    """A network with two published models."""
    return published_network(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def run(network: ScoredNetwork) -> ScoreRun:
    """Its scores as of 20 November."""
    return score(network.folder, network.workspace, as_of=AS_OF, today=AS_OF, keys=network.keys)


@pytest.fixture(scope="module")
def scorer(network: ScoredNetwork, run: ScoreRun) -> Iterator[TableScorer]:
    """A worker that scores posted rows beside that run."""
    assert run.folder.is_dir()
    with TableScorer(network.workspace) as scorer:
        yield scorer


def test_a_run_holds_every_unit_of_each_cohort(run: ScoreRun) -> None:
    """Both models score their cohort; a unit has several keys, joined; abstentions are said, not scored."""
    first, second = run.runs
    scores = first.scores.to_pylist()

    assert (first.model, second.model) == ("first", "second")
    assert len(scores) == 120
    assert {row["grade"] for row in second.scores.to_pylist()} == {"sec2"}
    assert {row["unit_id"] for row in scores} >= {"p002|french", "p002|maths", "p000|french"}
    assert json.loads(scores[0]["unit"]) == scores[0]["unit_id"].split("|")
    unknown = [row for row in scores if row["risk"] is None]
    known = [row for row in scores if row["risk"] is not None]
    assert all(row["risk_low"] <= row["risk"] <= row["risk_high"] for row in known)
    assert {(row["risk_low"], row["risk_high"]) for row in unknown} == {(None, None)}
    assert {row["not_scored_because"] for row in unknown} == {"too_little_data"}
    assert {row["student_id"] for row in unknown} == {f"p{n:03d}" for n in range(0, 90, 9)}


def test_rosters_fit_their_capacity(run: ScoreRun) -> None:
    """A fifth of each school and grade, ranked by margin, with what to expect in words."""
    first = run.runs[0]
    scores = first.scores.to_pylist()
    for roster in first.rosters.to_pylist():
        group = [
            row
            for row in scores
            if (row["school_id"], row["grade"]) == (roster["school_id"], roster["grade"])
        ]
        listed = sorted((row for row in group if row["is_listed"]), key=lambda row: row["rank"])
        margins = [row["margin"] for row in listed]
        best = sorted((row["margin"] for row in group if row["margin"] is not None), reverse=True)
        assert roster["n_students"] == len(group)
        assert roster["n_listed"] == len(listed) == len(group) // 5
        assert margins == best[: len(listed)]
        assert json.loads(roster["facts"])["expected_share_words"]["fr"] == "environ 1 sur 2"


def test_a_run_is_read_back_as_it_was_written(network: ScoredNetwork, run: ScoreRun) -> None:
    """The pointer names the last run, and its files hold what was returned."""
    again = read_run(network.workspace)

    assert current_run(network.workspace) == run.folder == again.folder
    for one, other in zip(run.runs, again.runs, strict=True):
        assert one.scores.equals(other.scores)
        assert one.rosters.equals(other.rosters)
        assert one.peers.equals(other.peers)
        assert (one.facts, one.data_as_of) == (other.facts, other.data_as_of)


@pytest.mark.parametrize("model", ["first", "second"])
@pytest.mark.parametrize("students", [["p011"], ["p002", "p007", "p026", "p035", "p036", "p088"]])
def test_posted_rows_get_the_batch_s_numbers(
    network: ScoredNetwork, run: ScoreRun, scorer: TableScorer, model: str, students: list[str]
) -> None:
    """Margins, risks and reasons of posted students equal the batch's to the last bit."""
    (part,) = (part for part in run.runs if part.model == model)
    batch = {row["unit_id"]: row for row in part.scores.to_pylist()}
    published = load_current(network.workspace, model, public_key(network.keys))

    found = scorer.score_tables(published, posted(network, students), AS_OF)

    wanted = {unit for unit in batch if unit.split("|")[0] in students}
    assert {"|".join(unit) for unit in found.units} == wanted
    assert found.peers_as_of == AS_OF
    for unit, one in zip(found.units, found.scores, strict=True):
        row = batch["|".join(unit)]
        assert (one.margin, one.risk) == (row["margin"], row["risk"])
        assert (one.risk_low, one.risk_high) == (row["risk_low"], row["risk_high"])
        assert list(one.reasons) == part.in_words(row["reasons"])
        assert one.not_scored_because == row["not_scored_because"]


def posted(network: ScoredNetwork, students: list[str]) -> dict[str, list[dict[str, object]]]:
    """All rows of some students, and the tables that are about nobody."""
    return {
        name: [row for row in rows if row.get("student_id", students[0]) in students]
        for name, rows in network.rows.items()
    }


def test_bad_rows_are_refused_without_their_values(network: ScoredNetwork, scorer: TableScorer) -> None:
    """A wrong date is named by table and row, the value is not repeated, and the worker goes on."""
    published = load_current(network.workspace, "first", public_key(network.keys))
    rows = posted(network, ["p011"])
    rows["marks"] = [{**rows["marks"][0], "reported_on": "2024-99-99"}]

    with pytest.raises(TableError, match="marks") as caught:
        scorer.score_tables(published, rows, AS_OF)

    assert "2024-99-99" not in str(caught.value)
    assert len(scorer.score_tables(published, posted(network, ["p010"]), AS_OF).scores) == 1


def test_a_dead_worker_is_replaced(network: ScoredNetwork, scorer: TableScorer) -> None:
    """When the worker is killed the next question starts another."""
    published = load_current(network.workspace, "first", public_key(network.keys))
    scorer.close()

    assert len(scorer.score_tables(published, posted(network, ["p010"]), AS_OF).scores) == 1


def test_the_future_is_refused(network: ScoredNetwork, run: ScoreRun) -> None:
    """An as-of date after today is refused, and the run in use stays."""
    tomorrow = AS_OF + timedelta(days=1)

    with pytest.raises(AsOfError, match="future"):
        score(network.folder, network.workspace, as_of=tomorrow, today=AS_OF, keys=network.keys)

    assert current_run(network.workspace) == run.folder


def waiting(network: ScoredNetwork, workspace: Workspace) -> ScoreRun:
    """Return the run that waits to be loaded: the one there is, or a new one."""
    return score(
        network.folder, workspace, as_of=AS_OF, today=AS_OF, keys=network.keys, is_stored=lambda _: False
    )


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: os.truncate(path, 100)])
@pytest.mark.parametrize("table", TABLES)
def test_a_run_that_lost_a_file_is_scored_anew(
    network: ScoredNetwork, run: ScoreRun, tmp_path: Path, table: str, harm: Callable[[Path], None]
) -> None:
    """A run that waits to be loaded is taken as it is; one of which a part is gone or cut is made again."""
    workspace = Workspace(tmp_path / "workspace")
    shutil.copytree(network.workspace.home, workspace.home)

    assert waiting(network, workspace).folder.name == run.folder.name
    for path in (workspace.scores / run.folder.name / "second" / table).iterdir():
        harm(path)
    with pytest.raises(StorageError, match="the run is not whole"):
        read_run(workspace)
    again = waiting(network, workspace)

    assert again.folder.name != run.folder.name
    assert [one.scores for one in again.runs] == [one.scores for one in run.runs]
    assert waiting(network, workspace).folder == again.folder


@pytest.mark.parametrize("content", [b"", b"{}", b"[]"])
def test_a_damaged_pointer_is_said_and_replaced(
    network: ScoredNetwork, tmp_path: Path, content: bytes
) -> None:
    """Where the run in use is not named, that is said, and scoring again names one."""
    workspace = Workspace(tmp_path / "workspace")
    shutil.copytree(network.workspace.home, workspace.home)
    (workspace.scores / "current").write_bytes(content)

    with pytest.raises(StorageError, match="the run in use is not named"):
        read_run(workspace)
    waiting(network, workspace)

    assert read_run(workspace).as_of == AS_OF


def test_nothing_published_is_said(network: ScoredNetwork, tmp_path: Path) -> None:
    """Scoring before publishing says what to do."""
    with pytest.raises(PublicationError, match="earlywarn publish"):
        score(network.folder, Workspace(tmp_path), as_of=AS_OF, today=AS_OF, keys=network.keys)


def test_a_damaged_model_stops_the_run(network: ScoredNetwork, run: ScoreRun) -> None:
    """One byte changed in a published folder: no run is written, and the one in use stays."""
    card = network.workspace.published / "second" / "1" / "CARD.md"
    whole = card.read_bytes()
    card.write_bytes(whole + b" ")

    with pytest.raises(DamagedModelError):
        score(network.folder, network.workspace, as_of=AS_OF, today=AS_OF, keys=network.keys)

    card.write_bytes(whole)
    assert current_run(network.workspace) == run.folder


def test_an_earlier_day_is_scored_as_it_was(network: ScoredNetwork) -> None:
    """As of a day before any mark was reported, nobody has the data that the models need."""
    earlier = score(
        network.folder, network.workspace, as_of=date(2024, 10, 1), today=AS_OF, keys=network.keys
    )

    assert earlier.runs[0].scores["risk"].null_count == 120
    assert earlier.runs[0].scores["is_listed"].to_pylist().count(True) == 0

"""Scores on demand over REST: the batch's numbers, and refusals that repeat nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from api.service import service_of
from earlywarn.pipeline.score import ScoreRun, score
from earlywarn.publication import PublishedModel, load_current, public_key
from earlywarn.store import DatabaseUrls
from tests.builders.scored_network import AS_OF, ScoredNetwork, published_network
from tests.builders.serving import Loaded, load_network, serving

STUDENTS = ["p002", "p007", "p011", "p026", "p036"]
CANARY = "TREL01529907"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> ScoredNetwork:
    """Return a network with two published models."""
    return published_network(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def run(network: ScoredNetwork) -> ScoreRun:
    """Return its batch scores, with the peer medians that on demand uses."""
    return score(network.folder, network.workspace, as_of=AS_OF, today=AS_OF, keys=network.keys)


@pytest.fixture(scope="module")
def model(network: ScoredNetwork) -> PublishedModel:
    """Return the first published model."""
    return load_current(network.workspace, "first", public_key(network.keys))


@pytest.fixture(scope="module")
def loaded(database: DatabaseUrls) -> Loaded:
    """Return a loaded store, for its keys."""
    return load_network(database)


@pytest.fixture(scope="module")
def client(
    network: ScoredNetwork, run: ScoreRun, loaded: Loaded, model: PublishedModel
) -> Iterator[TestClient]:
    """Return a calling system with its key."""
    assert run.folder.is_dir()
    home = network.workspace.home
    with serving(loaded, today=AS_OF, models={"first": model}, home=home) as asking:
        asking.headers["Authorization"] = f"Bearer {loaded.keys['system']}"
        yield asking


def test_posted_tables_get_the_batch_s_numbers(
    network: ScoredNetwork, run: ScoreRun, client: TestClient
) -> None:
    """Risk, margin and reasons of posted students equal the stored ones to the last bit."""
    batch = {row["unit_id"]: row for row in run.runs[0].scores.to_pylist()}
    answer = client.post(
        "/v1/models/first/score",
        content=json.dumps({"as_of": AS_OF.isoformat(), "tables": posted(network)}, default=str),
        headers={"Content-Type": "application/json"},
    )
    body = answer.json()

    assert answer.status_code == 200, body
    assert len(body["scores"]) > len(STUDENTS)
    for one in body["scores"]:
        row = batch["|".join(one["unit"])]
        stored = run.runs[0].in_words(row["reasons"])
        assert (one["risk"], one["margin"]) == (row["risk"], row["margin"])
        assert (one["risk_low"], one["risk_high"]) == (row["risk_low"], row["risk_high"])
        assert (one["chance_range"] is None) == (row["risk"] is None)
        assert [reason["text"] for reason in one["reasons"]] == [reason.text["fr"] for reason in stored]
        assert (one["not_scored_because"] is None) == (row["risk"] is not None)
    assert (body["as_of"], body["peers_as_of"], body["data_age_days"]) == (*[AS_OF.isoformat()] * 2, 0)
    assert body["decision_support"].startswith("Aide à la décision")


def test_feature_rows_get_the_model_s_numbers(client: TestClient, model: PublishedModel) -> None:
    """A posted row of features, nulls included, is scored in the order of the rows."""
    rows = [dict.fromkeys(model.features, 1.0), dict.fromkeys(model.features)]
    body = client.post("/v1/models/first/score", json={"rows": rows}).json()

    assert [one["position"] for one in body["scores"]] == [0, 1]
    assert body["scores"][0]["risk"] is not None
    assert (body["scores"][1]["risk"], body["scores"][1]["not_scored_because"]) == (
        None,
        model.abstention.words["fr"],
    )


def test_the_models_in_service_are_listed(client: TestClient, model: PublishedModel) -> None:
    """A caller learns which models there are, and the features that a row must name."""
    body = client.get("/v1/models").json()

    assert [(one["model"], one["version"]) for one in body["models"]] == [("first", "1")]
    assert body["models"][0]["features"] == list(model.features)
    assert client.get("/readyz").json() == {"status": "ready", "models": {"first": "1"}}


BAD: list[tuple[str, Any]] = [
    ("an unknown feature", {"rows": [{CANARY: 1.0}]}),
    ("a missing feature", {"rows": [{}]}),
    ("no rows", {"rows": []}),
    ("both kinds", {"rows": [{"x": 1.0}], "tables": {}, "as_of": "2024-11-20"}),
    ("neither kind", {}),
    ("tables without a day", {"tables": {}}),
    ("text for a number", {"rows": [{"x": CANARY}]}),
    ("true for a number", {"rows": [{"x": True}]}),
    ("a number for a day", {"tables": {}, "as_of": 20241120}),
    ("no such day", {"tables": {}, "as_of": "2024-02-30"}),
    ("a day to come", {"tables": {}, "as_of": "2024-11-21"}),
    ("a day to come for features", {"rows": [{"x": 1.0}], "as_of": "2024-11-21"}),
    ("a day long gone", {"tables": {}, "as_of": "1899-12-31"}),
    ("an unknown table", {"tables": {CANARY: [{"x": 1}]}, "as_of": "2024-11-20"}),
    ("an unknown column", {"tables": {"students": [{CANARY: 1}]}, "as_of": "2024-11-20"}),
    ("a wrong value", {"tables": {"students": [{"student_id": ["x"]}]}, "as_of": "2024-11-20"}),
    ("an integer too long", {"tables": {"students": [{"student_id": 10**30}]}, "as_of": "2024-11-20"}),
]


@pytest.mark.parametrize("body", [body for _, body in BAD], ids=[name for name, _ in BAD])
def test_what_cannot_be_scored_is_malformed(client: TestClient, body: Any) -> None:
    """Every wrong body is 422, and nothing of it comes back."""
    answer = client.post("/v1/models/first/score", json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert CANARY not in answer.text


def test_feature_rows_of_a_day_to_come_are_refused(client: TestClient, model: PublishedModel) -> None:
    """A good row is not scored as of tomorrow, and the day is not repeated."""
    body = {"rows": [dict.fromkeys(model.features, 1.0)], "as_of": "2024-11-21"}
    answer = client.post("/v1/models/first/score", json=body)

    assert (answer.status_code, "2024-11-21" in answer.text) == (422, False)
    assert "the day asked for lies in the future" in answer.json()["detail"]


HOSTILE = [
    '{"as_of":"2024-11-20","tables":{"enrollments":[' + ",".join(['{"a":[]}'] * 100_000) + "]}}",
    '{"rows":[{' + ",".join(f'"{i}":""' for i in range(80_000)) + "}]}",
    "{" + ",".join(f'"{i}":1' for i in range(90_000)) + "}",
    '{"rows":[{"x":1,"x":2}]}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_is_refused_at_once(client: TestClient, body: str) -> None:
    """A body below the limit that is wrong everywhere gets a short answer, for little work."""
    # Beside what reading it once takes: how fast the machine is, and how busy, is no matter.
    start = time.process_time()
    json.loads(body)
    read = time.process_time()
    answer = client.post("/v1/models/first/score", content=body, headers={"Content-Type": "application/json"})
    spent = time.process_time() - read

    assert (answer.status_code, len(answer.json()["errors"]) <= 20) == (422, True)
    assert len(answer.content) < 10_000
    assert spent < 10 * max(read - start, 0.05)


def test_a_caller_behind_others_is_told_when_to_come_back(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While others' rows are being scored the answer is 503 with `Retry-After`, and the process is alive."""
    scorer = service_of(HTTPConnection({"type": "http", "app": client.app})).table_scorer
    monkeypatch.setattr(scorer, "_seconds_to_wait", 0.05)
    with scorer._lock:
        answer = client.post("/v1/models/first/score", json={"tables": {}, "as_of": "2024-11-20"})
        alive = client.get("/healthz")

    assert (answer.status_code, answer.headers["retry-after"], alive.status_code) == (503, "5", 200)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_malformed(client: TestClient, model: PublishedModel, number: str) -> None:
    """NaN and infinities are refused, not scored."""
    row = ", ".join(f'"{name}": {number}' for name in model.features)
    answer = client.post(
        "/v1/models/first/score",
        content=f'{{"rows": [{{{row}}}]}}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 422


def test_an_unknown_model_is_404(client: TestClient) -> None:
    """There is nothing to score with."""
    assert client.post("/v1/models/third/score", json={"rows": [{"x": 1.0}]}).status_code == 404


def posted(network: ScoredNetwork) -> dict[str, list[dict[str, object]]]:
    """Return all rows of some students, and the tables that are about nobody."""
    return {
        name: [row for row in rows if row.get("student_id", STUDENTS[0]) in STUDENTS]
        for name, rows in network.rows.items()
    }

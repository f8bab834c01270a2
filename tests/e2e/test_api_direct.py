"""What is answered without the router is what the routes answer, and whatever is odd is refused by them."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from api.direct import Direct
from api.schemas import ScoreAnswer, StudentRisks
from api.service import service_of
from earlywarn.errors import StoreError
from earlywarn.scoring.calibration import Calibrator
from earlywarn.scoring.trees import Floats
from earlywarn.store import DatabaseUrls, issue_api_key, revoke_api_key
from tests.builders.published import FEATURES, plain_model
from tests.builders.serving import Loaded, load_network, serving
from tests.builders.store import TODAY
from tests.e2e.test_store_reading import count_accesses, last_access

CANARY = "TREL01529907"
MODEL = "/v1/models/plain/score"
GENERAL = "reasons=1"
"""Says what "reasons=true" says, in a way that only the route understands."""
GOOD: dict[str, float | None] = dict.fromkeys(FEATURES, 1.0)
ESCAPED = f'"\\u{ord(FEATURES[0][0]):04x}{FEATURES[0][1:]}"'
KNOWN = ",".join(f'"{name}":1' for name in FEATURES)
REST = ",".join(f'"{name}":1' for name in FEATURES[1:])


class Broken(Calibrator):
    """Fail at every score."""

    def risks(self, margins: Floats) -> Floats:
        """Refuse, after all that was posted was found good."""
        raise StoreError("no score")


@pytest.fixture(scope="module")
def loaded(database: DatabaseUrls) -> Loaded:
    """Return the loaded network."""
    return load_network(database)


@pytest.fixture(scope="module")
def client(loaded: Loaded) -> Iterator[TestClient]:
    """Return a calling system whose key was in use a moment ago."""
    models = {"plain": plain_model(), "broken": replace(plain_model(), calibrator=Broken("identity"))}
    with serving(loaded, models=models) as asking:
        asking.headers["Authorization"] = f"Bearer {loaded.keys['system']}"
        asking.headers["Content-Type"] = "application/json"
        assert asking.get("/v1/models").status_code == 200
        yield asking


class Unreached:
    """An application that nothing may come to."""

    def __init__(self) -> None:
        self.n_reached = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Count, and answer nothing."""
        self.n_reached += 1


def passed_by(client: TestClient, method: str, path: str, body: bytes = b"", query: bytes = b"") -> bool:
    """Say whether a request is answered before it comes to the routes."""
    inner = Unreached()
    scope = {
        "type": "http",
        "app": client.app,
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in client.headers.items()],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    assert client.portal is not None
    client.portal.call(Direct(inner), scope, receive, send)
    assert bool(sent) == (inner.n_reached == 0)
    return bool(sent)


@pytest.mark.parametrize("language", ["fr-CA", "en-CA"])
@pytest.mark.parametrize("n_rows", [1, 16])
def test_good_rows_get_the_route_s_answer(client: TestClient, language: str, n_rows: int) -> None:
    """The same bytes and headers, from the same rows, whichever way they go."""
    rows = [GOOD | {FEATURES[0]: None if n % 5 == 4 else n * 0.5} for n in range(n_rows)]
    content = json.dumps({"rows": rows}).encode()
    said = {"Accept-Language": language}
    direct = client.post(MODEL, content=content, headers=said)
    general = client.post(f"{MODEL}?{GENERAL}", content=content, headers=said)

    assert passed_by(client, "POST", MODEL, content)
    assert not passed_by(client, "POST", MODEL, content, GENERAL.encode())
    assert direct.status_code == 200, direct.text
    assert (direct.content, dict(direct.headers)) == (general.content, dict(general.headers))
    assert len(ScoreAnswer.model_validate_json(direct.content).scores) == n_rows


def test_scores_alone_are_the_same_scores(client: TestClient) -> None:
    """Without reasons the numbers are those with, and `reasons` says that nobody asked."""
    content = json.dumps({"rows": [GOOD]}).encode()
    (whole,) = client.post(MODEL, content=content).json()["scores"]
    alone = client.post(f"{MODEL}?reasons=false", content=content)
    general = client.post(f"{MODEL}?reasons=0", content=content)

    assert passed_by(client, "POST", MODEL, content, b"reasons=false")
    assert alone.json()["scores"] == [whole | {"reasons": None}]
    assert alone.content == general.content
    assert client.post(f"{MODEL}?reasons={CANARY}", content=content).status_code == 422
    assert CANARY not in client.post(f"{MODEL}?reasons={CANARY}", content=content).text


def test_both_ways_leave_the_same_trace(client: TestClient, superuser: Engine) -> None:
    """One row for each answer with a score, and none for a refusal."""
    before, rows = count_accesses(superuser), []
    for query in ("", f"?{GENERAL}", "?reasons=false"):
        client.post(MODEL + query, json={"rows": [GOOD]})
        rows.append(last_access(superuser))
    client.post(MODEL, json={"rows": [{}]})
    client.post("/v1/models/none/score", json={"rows": [GOOD]})

    model = plain_model()
    expected: tuple[object, ...] = (
        "system", "system", "POST /v1/models/{model}/score", f"{model.model}/{model.version}", [],
    )  # fmt: skip
    assert rows == [expected] * 3
    assert count_accesses(superuser) == before + 3


def test_both_ways_record_once_nothing_is_left_to_refuse(client: TestClient, superuser: Engine) -> None:
    """An answer that then breaks has its row on either way: the log says too much rather than too little."""
    rows = []
    for query in ("", f"?{GENERAL}"):
        before = count_accesses(superuser)
        answer = client.post(f"/v1/models/broken/score{query}", json={"rows": [GOOD]})
        rows.append((answer.status_code, answer.json()["type"], count_accesses(superuser) - before))

    assert rows == [(503, "urn:earlywarn:problem:unavailable", 1)] * 2


def test_many_rows_are_checked_while_others_are_served(client: TestClient) -> None:
    """What the route checks, it checks in a thread: the event loop goes on."""
    model = service_of(HTTPConnection({"type": "http", "app": client.app})).models["plain"]
    pick, is_on_the_loop = model.pick, []

    def watched(row: Mapping[str, float | None]) -> Sequence[float | None]:
        is_on_the_loop.append(asyncio._get_running_loop() is not None)
        return pick(row)

    vars(model)["pick"] = watched
    try:
        answer = client.post(MODEL, json={"rows": [GOOD] * 17})
    finally:
        vars(model)["pick"] = pick

    assert (answer.status_code, is_on_the_loop) == (200, [False] * 17)


ODD: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"rows",
    "cut": f'{{"rows":[{{{KNOWN}}}'.encode(),
    "more behind": f'{{"rows":[{{{KNOWN}}}]}} 1'.encode(),
    "a list": f"[{{{KNOWN}}}]".encode(),
    "a row alone": f"{{{KNOWN}}}".encode(),
    "no rows": b'{"rows":[]}',
    "rows of nothing": b'{"rows":null}',
    "a row of nothing": b'{"rows":[null]}',
    "a row that is a list": b'{"rows":[[1,2,3]]}',
    "a name twice": f'{{"rows":[{{{KNOWN},"{FEATURES[0]}":2}}]}}'.encode(),
    "a name twice, once escaped": f'{{"rows":[{{{KNOWN},{ESCAPED}:2}}]}}'.encode(),
    "rows twice": f'{{"rows":[{{{KNOWN}}}],"rows":[{{{KNOWN}}}]}}'.encode(),
    "a name missing": f'{{"rows":[{{{REST}}}]}}'.encode(),
    "a name unknown": f'{{"rows":[{{{KNOWN},"{CANARY}":1}}]}}'.encode(),
    "a name for another": f'{{"rows":[{{{REST},"{CANARY}":1}}]}}'.encode(),
    "a field unknown": f'{{"rows":[{{{KNOWN}}}],"{CANARY}":1}}'.encode(),
    "a name with a colon": f'{{"rows":[{{{KNOWN},"{CANARY}:{CANARY}":1}}]}}'.encode(),
    "letters of other scripts": f'{{"rows":[{{{REST},"élève":1}}]}}'.encode(),
    "a broken letter": f'{{"rows":[{{{REST},"'.encode() + b"\xff" + b'":1}]}',
    "half a letter": f'{{"rows":[{{{REST},"\\ud800":1}}]}}'.encode(),
    "UTF-16": f'{{"rows":[{{{KNOWN},"x":1}}]}}'.encode("utf-16"),
    "compressed": gzip.compress(f'{{"rows":[{{{KNOWN}}}]}}'.encode()),
    "deep": b'{"rows":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep in a cell": f'{{"rows":[{{{REST},"{FEATURES[0]}":'.encode() + b"[" * 5000 + b"]" * 5000 + b"}]}",
    "too large": b'{"rows":[' + b" " * 1024 * 1024 + b"]}",
    "many wrong rows": b'{"rows":[' + b",".join([b'{"x":1}'] * 5001) + b"]}",
    **{
        f"{number} for a number": f'{{"rows":[{{{REST},"{FEATURES[0]}":{number}}}]}}'.encode()
        for number in (
            "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e13", str(2**63), str(10**30), "true",
            "false", '"1"', f'"{CANARY}"', "[]", "{}", "01", "1.", "+1", "0x1",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_whatever_is_odd_is_refused_by_the_route(client: TestClient, body: bytes) -> None:
    """The same problem comes back as if there were no other way, and nothing of what was sent."""
    answer = client.post(MODEL, content=body)
    general = client.post(f"{MODEL}?{GENERAL}", content=body)

    assert answer.status_code in (400, 413, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.content) == (general.status_code, general.content)
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Encoding": "gzip"},
        {"Accept-Language": "en;q=0.1,fr;q=0.01"},
        {"Authorization": "Bearer nothing"},
        {"Authorization": "bearer nothing"},
        {"Authorization": ""},
        {"Host": "evil.example"},
    ],
    ids=str,
)
def test_odd_headers_mean_what_they_mean_to_the_route(client: TestClient, headers: dict[str, str]) -> None:
    """Another type, language, key or host gets the same answer both ways."""
    content = json.dumps({"rows": [GOOD]}).encode()
    answer = client.post(MODEL, content=content, headers=headers)
    general = client.post(f"{MODEL}?{GENERAL}", content=content, headers=headers)

    assert (answer.status_code, answer.content) == (general.status_code, general.content)
    assert (answer.status_code == 200) == bool(
        {"Accept-Language", "Content-Encoding"} & set(headers)
        or (headers.get("Content-Type", "").startswith("application/json"))
    )


def test_a_revoked_key_opens_nothing_at_once(client: TestClient, loaded: Loaded, owner: Engine) -> None:
    """What was remembered a moment ago is refused by the next request, for scores and for stored risks."""
    key = issue_api_key(owner, "system", today=TODAY)
    said = {"Authorization": f"Bearer {key}"}
    content = json.dumps({"rows": [GOOD]}).encode()

    def asked() -> list[int]:
        return [
            client.post(MODEL, content=content, headers=said).status_code,
            client.get("/v1/students/ana/risks", headers=said).status_code,
        ]

    first, again = asked(), asked()
    remembered = service_of(HTTPConnection({"type": "http", "app": client.app})).store.callers.remembered
    was_remembered = remembered(key, today=TODAY) is not None
    revoke_api_key(owner, key.split("_")[1], today=TODAY)

    assert (first, again, was_remembered) == ([200, 200], [200, 200], True)
    assert asked() == [401, 401]
    assert remembered(key, today=TODAY) is None


def test_stored_risks_get_the_route_s_answer(client: TestClient, superuser: Engine) -> None:
    """Own 200 and then 304, another's and nobody's 404, the same as by the route, each reading recorded."""
    before = count_accesses(superuser)
    direct = client.get("/v1/students/ana/risks")
    trace = last_access(superuser)
    general = client.get("/v1/students/ana/risks?x=1")
    held = client.get("/v1/students/ana/risks", headers={"If-None-Match": direct.headers["etag"]})
    refused = [client.get(f"/v1/students/{one}/risks") for one in ("eve", "nobody", "a%20b")]

    assert passed_by(client, "GET", "/v1/students/ana/risks")
    assert (direct.content, dict(direct.headers)) == (general.content, dict(general.headers))
    assert StudentRisks.model_validate_json(direct.content).student_id == "ana"
    assert trace == last_access(superuser)
    assert (held.status_code, held.content) == (304, b"")
    assert [answer.status_code for answer in refused] == [404, 404, 422]
    # One more by `passed_by`.
    assert count_accesses(superuser) == before + 4


def test_without_its_trace_nothing_is_answered(client: TestClient, superuser: Engine) -> None:
    """Where the log cannot be written, neither a score nor a stored risk is told."""
    grant = "INSERT (actor, role, route, model_version, students) ON earlywarn.access_log"
    with superuser.begin() as connection:
        connection.execute(text(f"REVOKE {grant} FROM earlywarn_service"))
    try:
        answers = [
            client.post(MODEL, json={"rows": [GOOD]}),
            client.post(f"{MODEL}?{GENERAL}", json={"rows": [GOOD]}),
            client.get("/v1/students/ana/risks"),
            client.get("/v1/students/ana/risks?x=1"),
        ]
    finally:
        with superuser.begin() as connection:
            connection.execute(text(f"GRANT {grant} TO earlywarn_service"))

    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [
        (503, "urn:earlywarn:problem:unavailable")
    ] * 4
    assert client.post(MODEL, json={"rows": [GOOD]}).status_code == 200

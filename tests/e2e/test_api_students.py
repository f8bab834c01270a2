"""Systems read risks and rosters: own 200, somebody else's 404, anonymous 401; on a real database."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from earlywarn.store import DatabaseUrls
from tests.builders.serving import Loaded, load_network, serving

CANARY = "TREL01529907"


@pytest.fixture(scope="module")
def loaded(database: DatabaseUrls) -> Loaded:
    """Return the loaded network."""
    return load_network(database)


@pytest.fixture(scope="module")
def client(loaded: Loaded) -> Iterator[TestClient]:
    """Return a client of the service."""
    with serving(loaded) as asking:
        yield asking


def bearer(loaded: Loaded, name: str = "system", **more: str) -> dict[str, str]:
    """Return the headers of a calling system."""
    return {"Authorization": f"Bearer {loaded.keys[name]}", **more}


RESOURCES = [
    ("GET", "/v1/students/ana/risks", None),
    ("GET", "/v1/schools/s1/roster?model=dropout", None),
    ("GET", "/v1/models", None),
    ("POST", "/v1/students/resolve", {"codes": ["CODE-ANA"]}),
    ("POST", "/v1/models/dropout/score", {"rows": [{"x": 1.0}]}),
]


@pytest.mark.parametrize(("method", "path", "body"), RESOURCES)
@pytest.mark.parametrize(
    "header", [None, "Bearer ", "Bearer nothing", "Basic YTpi", "Bearer é", "Bearer " + "x" * 9000]
)
def test_no_key_no_answer(
    client: TestClient, method: str, path: str, body: object, header: str | None
) -> None:
    """Without a key in use, every resource answers 401 as a problem."""
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = client.request(method, path, json=body, headers=headers)  # type: ignore[arg-type]

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/v1/students/ana/risks", "/v1/schools/s1/roster?model=dropout"])
def test_not_yours_is_not_there(loaded: Loaded, client: TestClient, path: str) -> None:
    """Another school's key gets 404, the same as for what does not exist."""
    missing = path.replace("ana", "nobody").replace("s1", "s9")
    theirs = client.get(path, headers=bearer(loaded, "other"))
    nothing = client.get(missing, headers=bearer(loaded, "other"))

    assert (theirs.status_code, theirs.content) == (404, nothing.content)


def test_no_span_carries_a_path_to_elsewhere(
    loaded: Loaded, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path holds a student's id: tracing stays off, whatever the process is told by its surroundings."""
    seen = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)

    assert client.get("/v1/students/ana/risks", headers=bearer(loaded)).status_code == 200
    assert seen.get_finished_spans() == ()


def test_a_student_has_risks_with_reasons(loaded: Loaded, client: TestClient) -> None:
    """Each score says its day, the data's age, its version, its reasons, and how to contest."""
    answer = client.get("/v1/students/ana/risks", headers=bearer(loaded))
    body = answer.json()

    assert answer.status_code == 200
    assert [(risk["model"], risk["risk"], risk["chance"]) for risk in body["risks"]] == [
        ("difficulty", 0.62, "environ 3 sur 5"),
        ("dropout", 0.25, "environ 1 sur 4"),
    ]
    dropout = body["risks"][1]
    assert (dropout["as_of"], dropout["data_age_days"], dropout["model_version"]) == ("2026-11-20", 0, "1")
    assert dropout["reasons"][0]["text"] == "9 jours d’absence non motivée dans les 30 derniers jours"
    assert dropout["reasons"][0]["evidence"] == {
        "feature": "unexcused_days__sum__30d",
        "value": 9.0,
        "window": "30d",
        "own_past": 2.0,
        "peers_median": 0.5,
    }
    assert body["decision_support"].startswith("Aide à la décision")
    assert "observations" in body["contest"]


def test_every_risk_says_how_far_it_may_be_off(loaded: Loaded, client: TestClient) -> None:
    """A student's risk and a roster's entry carry the same range, as numbers and in words."""
    (_, risk) = client.get("/v1/students/ana/risks", headers=bearer(loaded)).json()["risks"]
    roster = client.get("/v1/schools/s1/roster?model=dropout", headers=bearer(loaded)).json()["students"]

    for one in (risk, roster[0]):
        assert (one["risk_low"], one["risk_high"]) == pytest.approx((0.2, 0.3))
        assert one["chance_range"] == "entre 1 sur 5 et 1 sur 3"


def test_english_is_asked_for(loaded: Loaded, client: TestClient) -> None:
    """`Accept-Language` chooses the texts; codes stay the same."""
    answer = client.get("/v1/students/ana/risks", headers=bearer(loaded, **{"Accept-Language": "en-CA"}))
    reason = answer.json()["risks"][0]["reasons"][0]

    assert answer.headers["content-language"] == "en-CA"
    assert "Accept-Language" in answer.headers["vary"]
    assert (reason["code"], reason["text"]) == ("unexcused_days", "9 days of unexcused absence")


def test_an_unchanged_answer_is_not_sent_twice_but_recorded(
    loaded: Loaded, client: TestClient, superuser: Engine
) -> None:
    """The entity tag gives 304; both readings leave their trace."""

    def count() -> int:
        with superuser.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM earlywarn.access_log")).scalar_one())

    before = count()
    first = client.get("/v1/students/ana/risks", headers=bearer(loaded))
    second = client.get(
        "/v1/students/ana/risks", headers=bearer(loaded, **{"If-None-Match": first.headers["etag"]})
    )

    third = client.get(
        "/v1/students/ana/risks",
        headers=bearer(loaded, **{"If-None-Match": f'"x", W/{first.headers["etag"]}'}),
    )

    assert (second.status_code, second.content, third.status_code) == (304, b"", 304)
    assert count() == before + 3


def test_the_trace_names_the_route_not_the_path(
    loaded: Loaded, client: TestClient, superuser: Engine
) -> None:
    """The access log holds the route's template, the actor, the version and the students shown."""
    client.get("/v1/schools/s1/roster?model=dropout&grade=sec2", headers=bearer(loaded))
    with superuser.connect() as connection:
        row = connection.execute(
            text(
                "SELECT actor, route, model_version, students FROM earlywarn.access_log "
                "ORDER BY access_id DESC"
            )
        ).first()

    assert row is not None
    assert tuple(row) == ("system", "GET /v1/schools/{school_id}/roster", "dropout/1", ["cy"])


def test_a_roster_is_read_page_by_page(loaded: Loaded, client: TestClient) -> None:
    """`Link` leads through the whole list, in its order, each student once."""
    path: str | None = "/v1/schools/s1/roster?model=dropout&limit=1"
    seen = []
    while path:
        answer = client.get(path, headers=bearer(loaded))
        seen += [(line["grade"], line["rank"], line["student_id"]) for line in answer.json()["students"]]
        link = answer.headers.get("link")
        path = link.split(">")[0].lstrip("<") if link else None

    assert seen == [("sec1", 1, "ana"), ("sec1", 2, "bob"), ("sec2", 1, "cy")]


def test_a_roster_says_what_it_carries(loaded: Loaded, client: TestClient) -> None:
    """A roster carries its day, version, sizes by grade and the help-to-decide wording."""
    body = client.get("/v1/schools/s1/roster?model=dropout", headers=bearer(loaded)).json()

    assert (body["school_name"], body["as_of"], body["model_version"]) == ("École Un", "2026-11-20", "1")
    assert (body["grades"][0]["n_students"], body["grades"][0]["expected_share"]) == (30, 0.34)
    assert body["grades"][0]["expected_share_in_words"] == "environ 1 sur 3"
    assert body["decision_support"].startswith("Aide à la décision")


@pytest.mark.parametrize("query", ["model=DROPOUT", "model=dropout&limit=0", "model=dropout&limit=9999", ""])
def test_a_malformed_question_is_422(loaded: Loaded, client: TestClient, query: str) -> None:
    """What does not follow the schema is refused as such."""
    assert client.get(f"/v1/schools/s1/roster?{query}", headers=bearer(loaded)).status_code == 422


def cursor_of(said: str) -> str:
    """Return a cursor as a forger makes one."""
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


FORGED = [
    "AAAA", "W10", "WzFd", "x" * 300,
    *(cursor_of(f'[{run_id}, "s1", "sec1", 1, "u"]') for run_id in ("Infinity", "1e999", 2**70, -1, "true")),
    *(cursor_of(f'[1, "s1", "sec1", {rank}, "u"]') for rank in (2**31, 2**70, '"1"')),
    *(cursor_of(f'[1, {school}, "sec1", 1, "u"]') for school in ('"\\u0000"', '"\\ud800"', "1")),
    cursor_of("[" * 250),
]  # fmt: skip


@pytest.mark.parametrize("cursor", FORGED, ids=range(len(FORGED)))
def test_a_forged_cursor_is_404(loaded: Loaded, client: TestClient, cursor: str) -> None:
    """A cursor that the service did not make leads nowhere."""
    answer = client.get(f"/v1/schools/s1/roster?model=dropout&cursor={cursor}", headers=bearer(loaded))

    assert answer.status_code == 404


def test_codes_are_resolved_in_the_body_only(loaded: Loaded, client: TestClient) -> None:
    """A code in scope gives its opaque id; any other, and one of another school, gives null."""
    codes = {"codes": ["CODE-ANA", "CODE-EVE", "CODE-NOBODY"]}
    answer = client.post("/v1/students/resolve", json=codes, headers=bearer(loaded))

    assert answer.json() == {
        "students": [
            {"position": 0, "student_id": "ana"},
            {"position": 1, "student_id": None},
            {"position": 2, "student_id": None},
        ]
    }


BAD_BODIES = [
    f'{{"{CANARY}": 1}}',
    f'{{"codes": ["{CANARY}"], "{CANARY}": 1}}',
    f'{{"codes": "{CANARY}"}}',
    f'{{"codes": [["{CANARY}"]]}}',
    f'{{"codes": ["{CANARY}\\u0000"]}}',
    f'{{"codes": ["{CANARY}\\ud800"]}}',
    f'{{"codes": [NaN, "{CANARY}"]}}',
    f'{{"codes": ["A"], "codes": ["{CANARY}"]}}',
    f'["{CANARY}"]',
    f'"{CANARY}"',
    f'{{"codes": ["{CANARY}"',
    f'{{"codes": [{"9" * 5000}]}}',
    "[" * 200_000,
    "",
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_bad_body_is_refused_and_not_repeated(loaded: Loaded, client: TestClient, body: str) -> None:
    """Whatever is sent, the answer is a problem of the caller's making that holds nothing of it."""
    headers = bearer(loaded, **{"Content-Type": "application/json"})
    answer = client.post("/v1/students/resolve", content=body, headers=headers)

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.text


def test_a_large_body_is_refused(loaded: Loaded, client: TestClient) -> None:
    """More than a mebibyte is 413, as a problem."""
    answer = client.post("/v1/students/resolve", content=b"x" * (1024 * 1024 + 1), headers=bearer(loaded))

    assert (answer.status_code, answer.json()["title"]) == (413, "Corps de requête trop volumineux")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/students/resolve", 405),
        ("DELETE", "/v1/models", 405),
        ("GET", "/docs", 404),
    ],
)
def test_every_refusal_is_a_problem(client: TestClient, method: str, path: str, status: int) -> None:
    """Unknown paths and methods are problems too."""
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_alive_and_not_ready_without_models(client: TestClient, method: str) -> None:
    """A process with no checked model is alive and not ready."""
    assert client.request(method, "/healthz").status_code == 200
    assert client.request(method, "/readyz").status_code == 503

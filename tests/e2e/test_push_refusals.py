"""Who may push, in what form and how much: everything else is refused at the door, as a problem."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.builders.pushing import (
    CSV,
    NDJSON,
    Answer,
    PushClient,
    absences,
    as_csv,
    as_ndjson,
    prepare,
    pushing,
)

LIMIT = 4 * 2**20
CANARY = "TREL01529907"
LINE = as_ndjson(absences(1)).decode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushClient]:
    """Return a running service that takes bodies of at most four mebibytes."""
    with pushing(prepare(tmp_path_factory.mktemp("refusals")), limit=LIMIT) as client:
        yield client


@pytest.fixture(scope="module")
def theirs(service: PushClient) -> str:
    """Return where a batch of another system stands."""
    pushed = service.push(as_csv(absences(1)), who="other_writer")
    service.settled(pushed, who="other_writer")
    return pushed.headers["location"]


def refused(answer: Answer, status: int) -> str:
    """Hold that the answer is a problem of this status that repeats nothing, and return its detail."""
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json"), (
        answer.body
    )
    assert CANARY.encode() not in answer.body
    return str(answer.json()["detail"])


def nothing_is_left(service: PushClient) -> bool:
    """Say whether no part of a body is kept."""
    return list((service.workspace.incoming / "parts").glob("*")) == []


def comes_true(said: Callable[[], bool], *, seconds: float = 10) -> bool:
    """Say whether something holds before long."""
    until = time.monotonic() + seconds
    while not said() and time.monotonic() < until:
        time.sleep(0.05)
    return said()


ROUTES = [
    ("GET", "/v1/tables"),
    ("POST", "/v1/tables/absences/batches"),
    ("GET", "/v1/tables/absences/batches"),
    ("GET", "{theirs}"),
    ("GET", "{theirs}/report"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(("who", "status"), [(None, 401), ("system", 403), ("reader", 403)])
def test_only_an_account_with_the_right_comes_near(
    service: PushClient, theirs: str, method: str, path: str, who: str | None, status: int
) -> None:
    """Without a key 401; with one of some schools, or of all without the right, 403, on every route."""
    body = as_csv(absences(1)) if method == "POST" else None
    headers = {"Content-Type": CSV, "Idempotency-Key": '"x"'}

    refused(service.request(method, path.format(theirs=theirs), body, who=who, headers=headers), status)


@pytest.mark.parametrize("part", ["", "/report"])
def test_not_yours_is_not_there(service: PushClient, theirs: str, part: str) -> None:
    """Another system's batch, none at all and one of another table are the same 404."""
    absent = theirs.rsplit("/", 1)[0] + "/" + "0" * 28
    elsewhere = theirs.replace("absences", "marks")
    answers = [service.request("GET", path + part) for path in (theirs, absent, elsewhere)]
    own = service.request("GET", theirs + part, who="other_writer")

    assert {(one.status, one.body) for one in answers} == {(404, answers[0].body)}
    assert own.status == 200


@pytest.mark.parametrize("table", ["grades", "nowhere", "..%2F..%2Fkeys", "%00", "x" * 300])
def test_a_table_that_takes_no_rows_is_not_there(service: PushClient, table: str) -> None:
    """A table that the contract writes itself, or none of ours, takes nothing."""
    answers = [service.push(as_csv(absences(1)), table=table)]
    answers.append(service.request("GET", f"/v1/tables/{table}/batches"))

    assert {one.status for one in answers} <= {404, 422}


@pytest.mark.parametrize("cursor", ["0" * 27, "g" * 28, "AAAA", "..", "0" * 300])
def test_a_forged_cursor_is_404(service: PushClient, cursor: str) -> None:
    """A cursor that the service did not make leads nowhere."""
    answer = service.request("GET", f"/v1/tables/absences/batches?cursor={cursor}")

    assert answer.status in (404, 422)


@pytest.mark.parametrize(
    "key",
    ["", "abc", '"', '""', '"a', 'a"', '"a\tb"', '"a"b"', '"é"', f'"{"x" * 201}"', '"a";v=1', '"a", "b"'],
)
def test_a_malformed_key_is_400(service: PushClient, key: str) -> None:
    """The key is a text in double quotes, as the draft's structured field says."""
    headers = {"Content-Type": CSV, "Idempotency-Key": key}
    answer = service.request("POST", "/v1/tables/absences/batches", as_csv(absences(1)), headers=headers)

    assert "Idempotency-Key" in refused(answer, 400)


def test_a_missing_key_is_400(service: PushClient) -> None:
    """What stores something is never done without a key."""
    answer = service.request("POST", "/v1/tables/absences/batches", b"x", headers={"Content-Type": CSV})

    assert "Idempotency-Key" in refused(answer, 400)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": ""},
        {"Content-Type": "application/json"},
        {"Content-Type": "text/csv; charset=windows-1252"},
        {"Content-Type": "text/csv; header=absent"},
        {"Content-Type": "text/csv; separator=semicolon"},
        {"Content-Type": "application/x-ndjson; charset=utf-16"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "gzip, identity"},
    ],
)
def test_another_form_is_415(service: PushClient, headers: dict[str, str]) -> None:
    """Other media types, encodings and compression are refused, and the answer says what is taken."""
    answer = service.push(as_csv(absences(1)), headers=headers)
    refused(answer, 415)

    assert answer.headers["accept"] == "text/csv, application/x-ndjson"
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "kind", ["text/csv; charset=UTF-8; header=present", 'text/csv;charset="utf-8"', "TEXT/CSV"]
)
def test_the_same_form_in_other_words_is_taken(service: PushClient, kind: str) -> None:
    """Media types and their parameters are compared as HTTP compares them."""
    assert service.push(as_csv(absences(1)), kind=kind).status == 202


@pytest.mark.parametrize(
    "query",
    [
        "backfill=true",
        "received_on=2020-01-01",
        "x",
        "accept_drift=",
        "accept_drift=a.b",
        "accept_drift=a.b.c:d",
        "accept_drift=a:b&backfill=true",
        "&".join(["accept_drift=a:b"] * 21),
    ],
)
def test_no_parameter_changes_the_day(service: PushClient, query: str) -> None:
    """History is loaded by the operator's own verb; asking for it here is refused, not ignored."""
    headers = {"Content-Type": CSV, "Idempotency-Key": '"day"'}
    path = f"/v1/tables/absences/batches?{query}"

    refused(service.request("POST", path, as_csv(absences(1)), headers=headers), 422)


def test_a_change_is_accepted_by_its_name(service: PushClient) -> None:
    """What a refusal names can be said to be meant; a batch in which nothing changed passes as well."""
    headers = {"Content-Type": CSV, "Idempotency-Key": '"meant"'}
    path = "/v1/tables/absences/batches"
    query = "accept_drift=absences.days:unit_changed&accept_drift=absences:broken_lines"
    pushed = service.request("POST", f"{path}?{query}", as_csv(absences(1)), headers=headers)

    assert service.settled(pushed)["state"] == "accepted"


def raw(service: PushClient, *headers: str, who: str = "writer") -> socket.socket:
    """Open a push by hand, its headers sent and nothing of its body."""
    host, port = service.running.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    lines = [
        "POST /v1/tables/absences/batches HTTP/1.1", f"Host: {host}:{port}", "Content-Type: text/csv",
        f"Authorization: Bearer {service.keys[who]}", *headers,
    ]  # fmt: skip
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def status_of(connection: socket.socket) -> bytes:
    """Return the first line of what comes back."""
    with connection, connection.makefile("rb") as answer:
        return answer.readline()


def test_a_declared_oversize_is_refused_unread(service: PushClient) -> None:
    """A length over the limit is answered at once: not one byte of the body was sent."""
    start = time.monotonic()
    connection = raw(
        service, 'Idempotency-Key: "large"', f"Content-Length: {LIMIT + 1}", "Expect: 100-continue"
    )

    assert status_of(connection).startswith(b"HTTP/1.1 413")
    assert time.monotonic() - start < 2
    assert nothing_is_left(service)


def test_an_undeclared_oversize_is_cut_at_the_limit(service: PushClient) -> None:
    """A body without a length is read to the limit and no further, and none of it is kept."""
    part, sent = b"x,y\r\n" * 8_000, []

    def parts() -> Iterator[bytes]:
        for _ in range(1_000):
            sent.append(len(part))
            yield part

    answer = service.push(parts())
    refused(answer, 413)

    assert answer.headers["connection"] == "close"
    assert LIMIT < sum(sent) < 4 * LIMIT
    assert nothing_is_left(service)


def test_a_body_of_just_the_limit_is_taken(service: PushClient) -> None:
    """The limit itself is allowed, with its length declared or not."""
    body = (b"y" * 1023 + b"\n") * (LIMIT // 1024)
    pushed = [service.push(body), service.push([body[:1000], body[1000:]]), service.push(body + b"\n")]

    assert [one.status for one in pushed] == [202, 202, 413]


@pytest.mark.parametrize("kind", [CSV, NDJSON])
def test_a_line_too_long_is_refused(service: PushClient, kind: str) -> None:
    """A line of more than a mebibyte ends the reading, whichever part of the body it is in."""
    for body in (b"x" * (2**20 + 1), LINE.encode() * 10 + b"y" * (2**20 + 1) + b"\n"):
        detail = refused(service.push(body, kind=kind), 422)

        assert detail == "Une ligne du contenu dépasse un mébioctet."
    assert nothing_is_left(service)


def test_a_sender_who_hangs_up_leaves_nothing(service: PushClient) -> None:
    """Half a body is no batch, and its key can be used again."""
    body = as_csv(absences(20))
    connection = raw(service, 'Idempotency-Key: "half"', f"Content-Length: {len(body)}")
    connection.sendall(body[:100])
    assert comes_true(lambda: not nothing_is_left(service))
    connection.close()
    assert comes_true(lambda: nothing_is_left(service))

    # A part is removed just before its key is let go.
    assert comes_true(lambda: service.push(body, key='"half"').status == 202)
    again = service.push(body, key='"half"')
    assert service.settled(again)["counts"]["read"] == 20


def test_slow_senders_keep_nobody_waiting(service: PushClient) -> None:
    """While some send a byte now and then, others are answered at once, and a new body is taken in."""
    slow = [raw(service, f'Idempotency-Key: "slow-{n}"', "Content-Length: 1000") for n in range(4)]
    for connection in slow:
        connection.sendall(b"student_id")
    time.sleep(0.3)
    start = time.monotonic()
    in_progress = service.push(as_csv(absences(1)), key='"slow-1"', who="other_writer")
    one_too_many = service.push(as_csv(absences(1)))
    alive = service.request("GET", "/healthz", who=None)
    listed = service.request("GET", "/v1/tables/absences/batches")
    settled = service.settled(in_progress, who="other_writer")
    took = time.monotonic() - start
    for connection in slow:
        connection.close()

    assert (alive.status, listed.status, settled["state"]) == (200, 200, "accepted")
    assert (refused(one_too_many, 429), one_too_many.headers["retry-after"]) == (
        "Trop d’envois de ce compte sont en cours.",
        "5",
    )
    assert took < 10


def test_a_key_in_progress_is_409(service: PushClient) -> None:
    """While the first request with a key is being received, a second one is told so."""
    body = as_csv(absences(2))
    first = raw(service, 'Idempotency-Key: "progress"', f"Content-Length: {len(body)}")
    first.sendall(body[:50])
    time.sleep(0.3)
    second = service.push(body, key='"progress"')
    first.sendall(body[50:])
    status = status_of(first)
    third = service.push(body, key='"progress"')

    assert refused(second, 409) == "La première demande portant cette clé est encore en cours."
    assert (status.split()[1], third.status) == (b"202", 202)

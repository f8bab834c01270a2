"""Rows that are wrong: quarantined line by line, or their body refused whole, always with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders.pushing import CSV, NDJSON, PushClient, absences, as_csv, as_ndjson, prepare, pushing

CANARY = "TREL01529907"
GOOD = absences(1)[0]
LINE = as_ndjson([GOOD]).decode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushClient]:
    """Return a running service that takes pushed rows."""
    with pushing(prepare(tmp_path_factory.mktemp("wrong"))) as client:
        yield client


def changed(**changes: object) -> str:
    """Return the good line with some values changed."""
    return json.dumps({**GOOD, **changes})


def written(days: str) -> str:
    """Return the good line with another writing of its number."""
    return LINE.strip().replace('"0.50"', days)


HOSTILE: list[tuple[str, str, bytes]] = [
    ("not_an_object", "row", b"{"),
    ("not_an_object", "row", b"[1, 2]"),
    ("not_an_object", "row", b"null"),
    ("not_an_object", "row", b'"' + CANARY.encode() + b'"'),
    ("not_an_object", "row", b"[" * 200_000),
    ("not_an_object", "row", b'{"a":' * 200_000),
    ("not_an_object", "row", LINE.strip().encode() * 2),
    ("nul", "row", b"\x00"),
    ("nul", "row", LINE.strip().encode().replace(b"day", b"d\x00y")),
    ("unknown_byte", "row", LINE.strip().encode().replace(b"CANA", b"\xff\xfe")),
    ("lost_character", "row", LINE.strip().encode().replace(b"CANA", "\ufffd".encode())),
    ("half_character", "student_id", changed(student_id="\ud800").encode()),
    ("nul", "student_id", changed(student_id="A\x00").encode()),
    ("repeated_name", "row", LINE.strip().encode().replace(b"{", b'{"days": 1, ', 1)),
    ("unknown_name", "row", changed(**{CANARY: 1}).encode()),
    ("missing_name", "row", b"{}"),
    ("nested_value", "days", changed(days=[1]).encode()),
    ("nested_value", "days", changed(days={"x": 1}).encode()),
    ("not_finite", "days", written("NaN").encode()),
    ("not_finite", "days", written("-Infinity").encode()),
    ("not_text", "student_id", changed(student_id=15).encode()),
    ("not_text", "period", changed(period=True).encode()),
    ("not_a_number", "days", written("1e999").encode()),
    ("not_a_number", "days", written("9" * 5_000).encode()),
    ("not_a_number", "days", written("true").encode()),
    ("not_a_number", "days", written('"0,5"').encode()),
    ("not_a_number", "days", written("0.123456789").encode()),
    ("too_large", "days", written("1.5").encode()),
    ("missing", "student_id", changed(student_id="").encode()),
    ("not_a_date", "happened_on", changed(happened_on="20/11/2026").encode()),
    ("not_allowed", "category", changed(category=CANARY).encode()),
]


def test_a_hostile_line_is_quarantined_alone(service: PushClient) -> None:
    """Each wrong line is held back with its number and reason; the good ones around it are taken in."""
    good = as_ndjson(absences(len(HOSTILE) + 1, first=70_000)).splitlines()
    body = b"\n".join(
        [good[0], *(line for i, (_, _, bad) in enumerate(HOSTILE, 1) for line in (bad, good[i])), b""]
    )
    state = service.settled(service.push(body, kind=NDJSON))
    report = service.report(state)
    found = {
        (line, reason["column"], reason["reason"])
        for reason in report["tables"][0]["reasons"]
        for line in reason["lines"]
    }
    expected = {(2 * i, column, reason) for i, (reason, column, _) in enumerate(HOSTILE, 1)}

    assert found == expected
    assert state["counts"]["quarantined"] == len(HOSTILE)
    assert state["counts"]["new"] == len(HOSTILE) + 1
    assert CANARY not in json.dumps([state, report])


HEADER = b"student_id,happened_on,period,days,recorded_on,category"
WHOLE: list[tuple[str, str, bytes]] = [
    ("no column student_id", CSV, b""),
    ("no column student_id", CSV, as_csv(absences(2)).split(b"\r\n", 1)[1]),
    ("the header has no column category", CSV, HEADER.replace(b",category", b"") + b"\n"),
    ("1 names that the table does not have", CSV, HEADER + b"," + CANARY.encode() + b"\n"),
    ("1 columns more than once", CSV, HEADER + b",days\n"),
    ("no column", CSV, HEADER.replace(b",", b";") + b"\n"),
    ("cannot be read as a header", CSV, HEADER.replace(b"days", b"d\xe9s") + b"\n"),
    (
        "line 3 holds a byte that the declared encoding does not know",
        CSV,
        as_csv(absences(1)) + b"\xff,2026-09-01,day,1,,x\n",
    ),
    ("text that was decoded twice", CSV, as_csv(absences(1)) + "CÃ©,2026-09-01,day,1,,x\n".encode()),
]


@pytest.mark.parametrize(("what", "kind", "body"), WHOLE, ids=range(len(WHOLE)))
def test_a_body_that_cannot_be_read_is_refused_whole(
    service: PushClient, what: str, kind: str, body: bytes
) -> None:
    """The state says what is wrong and where, no row is taken in, and nothing of the body is repeated."""
    ledger = service.workspace.tables / "ledger.json"
    before = ledger.read_bytes() if ledger.is_file() else None
    pushed = service.push(body, kind=kind)
    state: dict[str, Any] = service.settled(pushed)
    report = service.request("GET", f"{pushed.headers['location']}/report")

    assert (state["state"], state["counts"]) == ("refused", None)
    assert report.status == (404 if state["report"] is None else 200)
    assert not any(word in report.body for word in (CANARY.encode(), b"CANA0", str(service.home).encode()))
    assert what in state["refusal"]["what"]
    assert CANARY not in json.dumps(state)
    assert "CANA0" not in json.dumps(state)
    assert str(service.home) not in json.dumps(state)
    assert (ledger.read_bytes() if ledger.is_file() else None) == before


def test_a_bad_csv_line_is_quarantined_alone(service: PushClient) -> None:
    """Too few cells, quotes out of place, a NUL and a cell over two lines hold back their own lines only."""
    rows = as_csv(absences(2, first=90_000)).decode()
    rest = ",2026-09-01,day,1,,excused"
    bad = ["A,B", f'"A{rest}', f'A"B"C{rest}', '"A', f'B"{rest}', f"A\x00{rest}", f"A\rB{rest}", ""]
    state = service.settled(service.push((rows + "\r\n".join(bad)).encode()))
    reasons = {one["reason"]: one["lines"] for one in service.report(state)["tables"][0]["reasons"]}

    assert reasons == {
        "ragged": [4],
        "odd_quotes": [5, 7, 8],
        "stray_quote": [6],
        "nul": [9],
        "stray_line_end": [10],
    }
    assert state["counts"]["new"] == 2


def test_no_rows_are_no_fault(service: PushClient) -> None:
    """A header alone, and an empty body of JSON lines, are accepted: nothing happened that day."""
    states = [service.settled(service.push(HEADER + b"\r\n"))]
    states.append(service.settled(service.push(b"\n\n", kind=NDJSON)))

    assert [(one["state"], one["counts"]["read"]) for one in states] == [("accepted", 0)] * 2

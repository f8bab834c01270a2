"""Systems push rows over real HTTP, and they become what the same rows in a file become."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from earlywarn.pipeline.ingest import ingest
from earlywarn.store.roles import connect
from earlywarn.tables import load_contract, pseudonym_of, read_identities
from earlywarn.workspace import Workspace, locked
from tests.builders.network import tiny_extracts
from tests.builders.pushing import (
    COLUMNS,
    NDJSON,
    PushClient,
    absences,
    as_csv,
    as_ndjson,
    prepare,
    pushing,
)
from tests.builders.store import TODAY

PROJECT = Path(__file__).resolve().parents[2]
CANARY = "TREL01529907"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushClient]:
    """Return a running service that takes pushed rows."""
    with pushing(prepare(tmp_path_factory.mktemp("pushing"))) as client:
        yield client


class Filed:
    """A workspace that takes in, from files, what systems push elsewhere."""

    def __init__(self, home: Path, keys: Path) -> None:
        self.home, self.keys, self.workspace = home, keys, Workspace(home / "workspace")

    def take_in(self, name: str, body: bytes, form: str) -> dict[str, Any]:
        """Take in one file that is named and headed as its table is, and return the report as stored."""
        network, files = self.home / f"network-{form}", self.home / f"files-{form}"
        network.mkdir(parents=True)
        files.mkdir()
        shutil.copy(PROJECT / "models" / "quebec" / "contract.toml", network)
        declared = tiny_extracts(load_contract(network / "contract.toml"))
        declared = declared.replace("[defaults]", f'[defaults]\nformat = "{form}"')
        (network / "extracts.toml").write_text(declared, encoding="utf-8")
        (files / f"{name}.csv").write_bytes(body)
        ingest(network, files, self.workspace, received_on=TODAY, keys=self.keys)
        stored: dict[str, Any] = json.loads(max(self.workspace.reports.glob("*.json")).read_bytes())
        return stored


def batch_of(workspace: Workspace, table: str, number: int = 1) -> Path:
    """Return a table's batch file."""
    return workspace.tables / table / f"{number:06d}.parquet"


def test_pushed_rows_make_the_batch_that_a_file_makes(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """CSV and NDJSON give the bytes of a file's batch, and the report of a file but for its name."""
    rows = [*absences(2_000), absences(1)[0], {**absences(1, first=3)[0], "days": "1.5"}]
    pushes = [
        ("absences", "text/csv", "csv", as_csv(rows)),
        ("marks", NDJSON, "ndjson", as_ndjson([*marks(500), {**marks(1)[0], "term": "4"}])),
    ]
    with pushing(prepare(tmp_path_factory.mktemp("own"))) as client:
        filed = Filed(tmp_path, client.home / "keys")
        for number, (table, kind, form, body) in enumerate(pushes, start=1):
            state = client.settled(client.push(body, table=table, kind=kind))
            stored = filed.take_in(table, body, form)
            for reason in stored["tables"][0]["reasons"]:
                reason["file"] = f"pushed-{state['batch_id']}.{form}"
            ours, theirs = (batch_of(one, table, number) for one in (client.workspace, filed.workspace))

            assert (state["state"], state["counts"]["quarantined"]) == ("accepted", 1)
            assert without_names(client.report(state)) == without_names(stored)
            assert ours.read_bytes() == theirs.read_bytes()


def without_names(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report that does not say from which file, and by which mapping, the rows were read."""
    findings = [
        {**one, "figures": [figure for figure in one["figures"] if figure[0] not in ("extract", "file")]}
        for one in report["findings"]
    ]
    return {**report, "findings": findings, "files": [{**one, "name": ""} for one in report["files"]]}


def marks(n_rows: int) -> list[dict[str, Any]]:
    """Return rows of marks of invented students."""
    return [
        {
            "student_id": f"CANA{number:08d}", "school_year": "2026-2027", "term": "1", "mark": 72.5,
            "is_final": False, "happened_on": "2026-11-06", "reported_on": "2026-11-13",
            "subject": "mathematics",
        }
        for number in range(n_rows)
    ]  # fmt: skip


def test_both_forms_say_the_same(service: PushClient) -> None:
    """What CSV said is unchanged when NDJSON says it, numbers of every writing included."""
    rows = absences(50, first=100_000, days="0.7500")
    service.settled(service.push(as_csv(rows)))
    as_numbers = "".join(
        json.dumps(row).replace('"0.7500"', number) + "\n"
        for row, number in zip(rows, ["0.75", "7.5e-1", "75E-2", "0.7500", '"0.75"'] * 10, strict=True)
    )
    state = service.settled(service.push(as_numbers.encode(), kind=NDJSON))

    assert (state["counts"]["unchanged"], state["counts"]["read"]) == (50, 50)


def test_columns_stand_in_any_order(service: PushClient) -> None:
    """A header names the columns; their order is the sender's, and a byte order mark is no part of a name."""
    rows = absences(5, first=200_000)
    body = b"\xef\xbb\xbf" + as_csv(rows, reversed(COLUMNS)).replace(b"\r\n", b"\n")

    assert service.settled(service.push(body))["counts"]["new"] == 5


def test_codes_and_names_go_where_a_file_s_go(service: PushClient) -> None:
    """A code becomes a pseudonym, names are encrypted, and no file of the service holds either."""
    student = {
        "student_id": CANARY, "family_name": "Tremblay-Canari", "given_name": "Léa-Canari",
        "birth_date": "2011-03-04", "sex": "F", "home_language": None,
    }  # fmt: skip
    state = service.settled(service.push(as_ndjson([student]), table="students", kind=NDJSON))
    broken = service.settled(
        service.push(as_ndjson([{**student, "sex": "Canari"}]), table="students", kind=NDJSON)
    )
    service.settled(service.push(b"student_id\n" + CANARY.encode() + b"\n"))
    keys = service.home / "keys"
    stored = pq.read_table(batch_of(service.workspace, "students", last_batch(service)))
    known = read_identities("students", service.workspace, keys=keys)
    everywhere = [
        path
        for path in service.workspace.home.rglob("*")
        if path.is_file()
        and "server" not in path.parts
        and any(word in path.read_bytes() for word in (CANARY.encode(), b"Canari", b"2011-03-04"))
    ]

    assert (state["counts"]["new"], broken["counts"]["quarantined"]) == (1, 1)
    assert stored["student_id"].to_pylist() == [pseudonym_of(CANARY, keys=keys)]
    assert known is not None
    assert known["given_name"].to_pylist() == ["Léa-Canari"]
    assert everywhere == []


def last_batch(service: PushClient) -> int:
    """Return the number of the last batch of the ledger."""
    ledger = json.loads((service.workspace.tables / "ledger.json").read_text(encoding="utf-8"))
    return int(ledger["batches"][-1]["number"])


def test_a_body_is_private_and_gone_once_taken_in(service: PushClient) -> None:
    """While a batch waits its owner alone can read the body; afterwards there is none."""
    with locked(service.workspace, "ingest", owner="an intake"):
        pushed = service.push(as_csv(absences(3, first=300_000)))
        bodies = [path for path in (service.workspace.incoming / "batches").rglob("*.csv") if path.is_file()]
        modes = [path.stat().st_mode & 0o777 for path in bodies]
        state = service.request("GET", pushed.headers["location"]).json()
        no_report = service.request("GET", f"{pushed.headers['location']}/report")
    settled = service.settled(pushed)
    until = time.monotonic() + 10
    while bodies[0].exists() and time.monotonic() < until:
        time.sleep(0.01)

    assert (len(bodies), modes) == (1, [0o600])
    assert service.workspace.incoming.stat().st_mode & 0o777 == 0o700
    assert (state["state"], state["counts"], no_report.status) == ("received", None, 404)
    assert settled["state"] == "accepted"
    assert not bodies[0].exists()


def test_a_correction_follows_what_it_corrects(service: PushClient) -> None:
    """Batches are taken in in the order received, so that the last word stands."""
    rows = absences(10, first=400_000)
    pushed = [service.push(as_csv([{**row, "days": days} for row in rows])) for days in ("0.25", "0.5", "1")]
    counts = [service.settled(one)["counts"] for one in pushed]

    assert [one["new"] for one in counts] == [10, 0, 0]
    assert [one["superseding"] for one in counts] == [0, 10, 10]


def test_the_same_key_is_the_same_batch(service: PushClient) -> None:
    """A request sent again gets the batch that it made; nothing is taken in twice."""
    body = as_csv(absences(4, first=500_000))
    first = service.push(body, key='"again"')
    state = service.settled(first)
    again = service.push(body, key='"again"')
    others = service.push(body, key='"again"', who="other_writer")
    theirs = service.settled(others, who="other_writer")

    assert (again.status, again.headers["location"], again.json()) == (202, first.headers["location"], state)
    assert others.headers["location"] != first.headers["location"]
    assert theirs["counts"]["unchanged"] == 4


def test_the_same_key_with_another_content_is_refused(service: PushClient) -> None:
    """Other rows, another form or another table under a key that served is 422."""
    body = as_csv(absences(2, first=600_000))
    service.push(body, key='"other"')
    refused = [
        service.push(as_csv(absences(3, first=600_000)), key='"other"'),
        service.push(body, key='"other"', kind=NDJSON),
        service.push(body, key='"other"', table="marks"),
    ]

    assert [one.status for one in refused] == [422, 422, 422]
    assert {one.json()["detail"] for one in refused} == {"Cette clé a déjà servi pour un autre contenu."}


def test_the_day_is_the_service_s(service: PushClient) -> None:
    """The tables, the report and the state bear the service's day, and nothing is history."""
    state = service.settled(service.push(as_csv(absences(1, first=700_000))))
    report = service.report(state)
    row = pq.read_table(batch_of(service.workspace, "absences", report["batch"]))

    assert (state["received_on"], report["received_on"], report["backfill"]) == (str(TODAY),) * 2 + (False,)
    assert row["_received_on"].to_pylist() == [date(2026, 11, 20)]
    assert row["_backfill"].to_pylist() == [False]


def test_the_report_is_a_page_for_who_asks_for_one(service: PushClient) -> None:
    """`Accept: text/html` gets the page in the language asked for, anything else the JSON."""
    state = service.settled(service.push(as_csv(absences(1, first=750_000))))
    pages = [
        service.request("GET", state["report"], headers={"Accept": "text/html", "Accept-Language": language})
        for language in ("fr", "en")
    ]
    other = service.request("GET", state["report"], headers={"Accept": "text/html, application/json"})

    assert [page.headers["content-type"] for page in pages] == ["text/html; charset=utf-8"] * 2
    assert [page.headers["content-language"] for page in pages] == ["fr-CA", "en-CA"]
    assert ["Où est passée chaque ligne" in page.body.decode() for page in pages] == [True, False]
    assert "Accept" in pages[0].headers["vary"].split(", ")
    assert other.json()["network"] == "quebec"


def test_batches_are_listed_page_by_page(service: PushClient) -> None:
    """`Link` leads through a system's own batches of one table, the latest first, each once."""
    pushed = [
        service.push(as_csv(absences(1, first=800_000 + n)), who="other_writer").json()["batch_id"]
        for n in range(3)
    ]
    path: str | None = "/v1/tables/absences/batches?limit=2"
    seen = []
    while path:
        answer = service.request("GET", path, who="other_writer")
        seen += [batch["batch_id"] for batch in answer.json()["batches"]]
        link = answer.headers.get("link")
        path = link.split(">")[0].lstrip("<") if link else None

    assert seen[:3] == pushed[::-1]
    assert len(seen) == len(set(seen))
    assert service.request("GET", "/v1/tables/marks/batches", who="other_writer").json()["batches"] == []


def test_a_system_can_know_what_to_send(service: PushClient) -> None:
    """Each table that takes rows says its key and its row's JSON Schema; the contract's own is not there."""
    body = service.request("GET", "/v1/tables").json()
    tables: dict[str, Any] = {one["table"]: one for one in body["tables"]}

    assert body["content_types"] == ["text/csv", "application/x-ndjson"]
    assert (body["limit_bytes"], body["line_limit_bytes"]) == (256 * 2**20, 2**20)
    assert "grades" not in tables
    assert tables["absences"]["key"] == ["student_id", "happened_on", "period"]
    assert tables["absences"]["row"]["required"] == list(COLUMNS)
    assert tables["absences"]["row"]["properties"]["category"]["enum"] == ["excused", "unexcused", "late"]
    assert "usual_age" not in tables["enrollments"]["row"]["properties"]


def test_pushing_leaves_no_reading_in_the_trace(service: PushClient) -> None:
    """No risk is shown, so the access log stays as it was."""
    address = service.running.loaded.urls.service.replace("earlywarn_service@", "postgres@")
    engine = connect(address, pool_size=1)

    def n_readings() -> int:
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM earlywarn.access_log")).scalar_one())

    before = n_readings()
    service.report(service.settled(service.push(as_csv(absences(1, first=900_000)))))
    after = n_readings()
    engine.dispose()

    assert after == before


def test_the_serving_process_runs_no_engine(service: PushClient) -> None:
    """After batches were taken in, DuckDB is still loaded by the worker alone."""
    service.settled(service.push(as_csv(absences(1, first=950_000))))

    assert [name for name in service.running.modules() if name.split(".")[0] == "duckdb"] == []

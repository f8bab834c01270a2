"""A change that is meant passes by name, once; a stop stores nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from earlywarn.cli import app
from earlywarn.errors import DeclarationError
from tests.builders.drift import (
    Change,
    Visits,
    cells,
    copied,
    month,
    named,
    only,
    visits,
    without,
    written,
)

TO_SHARES: Change = cells(
    "Résultat (%)", lambda _, text: f"{float(text.replace(',', '.')) / 100:.3f}".replace(".", ",")
)
UNIT = "visits.mark:unit_changed"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Visits:
    """Return the network after two months; tests copy it."""
    return visits(tmp_path_factory.mktemp("built"))


@pytest.fixture
def network(built: Visits, tmp_path: Path) -> Visits:
    """Return the network after two months, for one test."""
    return copied(built, tmp_path)


def _stored(network: Visits) -> dict[str, bytes]:
    """Return every file of the workspace but its reports and locks."""
    home = network.network.workspace.home
    return {
        str(path.relative_to(home)): path.read_bytes()
        for folder in ("tables", "identities")
        for path in sorted((home / folder).rglob("*"))
        if path.is_file()
    }


def test_a_stop_stores_nothing_but_its_report(network: Visits) -> None:
    """Tables, names and profiles are byte for byte as before; the report says why."""
    before = _stored(network)

    report = network.take_in(TO_SHARES)

    assert (report.batch, report.is_refused) == (None, True)
    assert _stored(network) == before
    last = sorted(network.network.workspace.reports.glob("*.json"))[-1]
    told = json.loads(last.read_text())
    assert told["is_refused"] is True
    assert [one["rule"] for one in told["findings"]] == ["unit_changed"]


def test_the_report_of_a_stop_says_that_nothing_was_stored(network: Visits) -> None:
    """A clerk reads the stop, then that the earlier tables stand."""
    report = network.take_in(TO_SHARES)

    french, english = report.as_text("fr").splitlines(), report.as_text("en").splitlines()

    assert french[-2].startswith("  [arrêt] visits: La médiane de la colonne")
    assert french[-1].startswith("Rien de ces fichiers n’a été enregistré")
    assert english[-1] == "Nothing of these files was stored; the earlier tables stand."


def test_an_accepted_change_is_taken_in_and_recorded_with_its_day(network: Visits) -> None:
    """The stop becomes a note, and the batch's profile keeps what was let through, and when."""
    report = network.take_in(TO_SHARES, accept=[UNIT])

    assert (report.batch, named(report)) == (3, {UNIT: "note"})
    assert only(report).sentence("en").endswith("as a rule it is 72.2. Accepted on 2024-12-05.")
    kept = json.loads((network.network.workspace.tables / "profiles" / "000003.json").read_text())
    assert [(one["accepted"], one["received_on"]) for one in kept["profiles"]] == [([UNIT], "2024-12-05")]


def test_what_was_accepted_is_the_usual_from_then_on(network: Visits) -> None:
    """The next month in the new unit passes; the old unit coming back is a change."""
    network.take_in(TO_SHARES, accept=[UNIT])

    next_month = network.take_in(TO_SHARES)
    back = network.take_in()

    assert (named(next_month), named(back)) == ({}, {UNIT: "stop"})


def test_accepting_one_change_lets_no_other_through(network: Visits) -> None:
    """An acceptance names a table, a column and a rule."""
    report = network.take_in(TO_SHARES, accept=["visits.days:unit_changed", "visits.mark:retyped"])

    assert named(report) == {UNIT: "stop"}


def test_a_column_accepted_as_dropped_is_empty(network: Visits) -> None:
    """The rows are stored without it, and the next file that lacks it stops again."""
    accepted = network.take_in(without("Remarque"), accept=["visits.note:dropped"])

    again = network.take_in(without("Remarque"))

    assert (accepted.tables[0].n_new, named(accepted)) == (400, {"visits.note:dropped": "note"})
    assert network.network.rows("SELECT count(note) FROM versions.visits WHERE batch = 3") == [(0,)]
    assert named(again) == {"visits.note:dropped": "stop"}


def test_a_column_accepted_as_added_is_left_out(network: Visits) -> None:
    """For one intake the unknown column is as good as ignored."""
    report = network.take_in(
        lambda columns: {**columns, "Sexe": ["F"] * len(columns["Nom"])}, accept=["visits:added"]
    )

    assert (report.batch, named(report)) == (3, {"visits:added": "note"})


def test_the_command_ends_in_failure_on_a_stop_and_takes_the_acceptance(
    network: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that takes in files notices a stop; the option that the report names lets them in."""
    home = network.network.home
    files = home / "march"
    files.mkdir()
    columns = TO_SHARES(month(network.rng, network.n_months))
    (files / "visites_3.csv").write_text(written(columns), encoding="utf-8")
    monkeypatch.setenv("EARLYWARN_HOME", str(home / "workspace"))
    monkeypatch.setenv("EARLYWARN_KEYS", str(home / "keys"))
    words = ["ingest", str(home / "network"), str(files), "--received", "2024-12-05"]

    stopped = CliRunner().invoke(app, words)
    accepted = CliRunner().invoke(app, [*words, "--accept-drift", UNIT])

    assert stopped.exit_code == 1
    assert f'run again with --accept-drift "{UNIT}"' in stopped.stdout
    assert accepted.exit_code == 0
    assert "Accepted on 2024-12-05" in accepted.stdout


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("visits.mark", "it is not table.column:rule or table:rule"),
        ("visit.mark:unit_changed", "no file gives a table 'visit'"),
        ("visits.marks:unit_changed", "no file gives a column 'marks'"),
        ("visits.mark:unit", "there is no such rule; there are renamed, dropped, retyped"),
        ("visits:unit_changed", "there is no such rule; there are added, reordered"),
        ("visits.mark:renamed", "map the new name in extracts.toml"),
        ("visits.school_id:dropped", "no row can be accepted without the column"),
    ],
)
def test_what_can_be_no_acceptance_is_refused(network: Visits, name: str, problem: str) -> None:
    """A name that would let nothing through is said at once."""
    with pytest.raises(DeclarationError, match="--accept-drift") as caught:
        network.take_in(accept=[name])

    assert problem in str(caught.value)

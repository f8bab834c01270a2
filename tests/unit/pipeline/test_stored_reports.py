"""Every batch has one report, under its number, whatever happened on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders.intake import HEADER, Network, declare

ONE, OTHER = "S1;2024-09-03;;M;1;;;", "S2;2024-09-03;;M;1;;;"


def _reports(network: Network) -> dict[str, object]:
    return {
        path.name: json.loads(path.read_bytes())["batch"] for path in network.workspace.reports.glob("*.json")
    }


def test_a_report_has_its_batchs_number(tmp_path: Path) -> None:
    """The second batch's report is the second, whatever came between."""
    network = declare(tmp_path)
    network.absences(ONE)
    network.absences("S1;2024-09-03;;M;7;;;")
    network.absences(OTHER)

    assert {name: number for name, number in _reports(network).items() if number} == {
        "intake-000001.json": 1,
        "intake-000002.json": 2,
    }


def test_a_report_has_a_page_in_each_language(tmp_path: Path) -> None:
    """Beside each report stand its pages, which lead to each other; a later one touches no earlier page."""
    network = declare(tmp_path)
    network.absences(ONE)
    first = (network.workspace.reports / "intake-000001.fr.html").read_bytes()
    network.absences(OTHER)

    ends = (".en.html", ".fr.html", ".json")
    wanted = [f"intake-00000{number}{end}" for number in (1, 2) for end in ends]
    assert sorted(path.name for path in network.workspace.reports.iterdir()) == wanted
    assert (network.workspace.reports / "intake-000001.fr.html").read_bytes() == first
    assert b'href="intake-000001.en.html"' in first


def test_an_intake_without_a_batch_is_reported_too(tmp_path: Path) -> None:
    """A file whose every row waits still has its report, stored once however often it is sent."""
    network = declare(tmp_path)
    for _ in range(2):
        network.absences("S1;2024-09-03;;M;7;;;")
    (name,) = _reports(network)

    assert name.startswith("nothing-stored-")


def test_the_same_files_again_keep_the_batchs_report(tmp_path: Path) -> None:
    """The rerun of an intake that was killed after its batch was in finds the report there, and adds none."""
    network = declare(tmp_path)
    network.absences(ONE, "S1;2024-09-04;;M;7;;;")
    before = {path: path.read_bytes() for path in network.workspace.reports.iterdir()}
    again = network.take_in({"absences.csv": f"{HEADER}\n{ONE}\nS1;2024-09-04;;M;7;;;\n"})

    assert (again.batch, again.repeats) == (None, 1)
    assert {path: path.read_bytes() for path in network.workspace.reports.iterdir()} == before


def test_a_batch_that_cannot_be_reported_does_not_exist(tmp_path: Path) -> None:
    """The report is written before the ledger: where it fails, the earlier state stands."""
    network = declare(tmp_path)
    network.absences(ONE)
    in_the_way = network.workspace.reports / "intake-000002.json" / "a folder"
    in_the_way.mkdir(parents=True)

    with pytest.raises(OSError, match="intake-000002"):
        network.absences(OTHER)
    assert network.rows("SELECT count(*) FROM versions.absences") == [(1,)]

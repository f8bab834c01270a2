"""The Open University's files as published go through the same door, by declarations alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from earlywarn.pipeline.ingest import ingest
from earlywarn.tables import IntakeReport, Tables, load_contract, open_tables
from earlywarn.workspace import Workspace

Taken = tuple[IntakeReport, Tables]


@pytest.fixture(scope="module")
def taken(real_data: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    """Return the intake of the published files, and its tables."""
    home = tmp_path_factory.mktemp("oulad")
    network = project / "models" / "oulad"
    report = ingest(
        network,
        real_data / "oulad",
        Workspace(home / "workspace"),
        received_on=date(2026, 11, 20),
        backfill=True,
        keys=home / "keys",
    )
    tables = open_tables(Workspace(home / "workspace"), load_contract(network / "contract.toml"))
    yield report, tables
    tables.close()


def test_every_published_row_is_accepted(taken: Taken) -> None:
    """21,333 enrollments, 121,738 submissions and 201,915 steps of clicks: all in, none twice."""
    report, _ = taken

    counts = {table.table: (table.n_read, table.n_new) for table in report.tables}

    assert counts == {
        "courses": (15, 15),
        "registrations": (21_333, 21_333),
        "enrollees": (21_333, 21_333),
        "results": (21_333, 21_333),
        "assessments": (149, 149),
        "submissions": (121_738, 121_738),
        "resources": (4_694, 4_694),
        "clicks": (201_915, 201_915),
    }


def test_contradictions_are_those_published(taken: Taken) -> None:
    """Nine dated are not withdrawn, and six withdrawn have no date."""
    report, _ = taken

    results = next(table for table in report.tables if table.table == "results")

    assert results.contradictions == (
        ("a date of leaving, and not withdrawn", 9),
        ("withdrawn, and no date of leaving", 6),
    )


def test_days_count_from_the_presentation(taken: Taken) -> None:
    """The first assessment of AAA 2013J is due on day 19 from 1 October; its first mark comes no earlier."""
    _, tables = taken

    found = tables.connection.execute(
        "SELECT submitted_on, due_on, lateness, marked_on, score, visible_from FROM versions.submissions "
        "WHERE student_id = '11391' AND assessment_id = '1752'"
    ).fetchall()

    assert found == [(date(2013, 10, 19), date(2013, 10, 20), -1, date(2013, 10, 20), 78, date(2013, 10, 19))]


def test_clicks_add_up_to_the_published_totals(taken: Taken) -> None:
    """Step 10 of a 268-day course is known on day 5: day 4.3, rounded up."""
    _, tables = taken

    found = tables.connection.execute(
        "SELECT min(visible_from), CAST(sum(visits) AS INTEGER) FROM versions.clicks "
        "WHERE student_id = '11391' AND module = 'AAA' AND step <= 10"
    ).fetchall()

    assert found == [(date(2013, 10, 6), 38)]


def test_work_not_handed_in_is_seen_from_the_day_it_was_due(taken: Taken) -> None:
    """On day 40 of AAA 2013J, one assessment was due to each of its 383 enrollments."""
    _, tables = taken

    found = tables.connection.execute(
        "SELECT count(*), count(DISTINCT student_id) FROM versions.assessments_due "
        "WHERE module = 'AAA' AND presentation = '2013J' AND due_on < DATE '2013-11-10' "
        "AND superseded_on IS NULL"
    ).fetchall()

    assert found == [(383, 383)]

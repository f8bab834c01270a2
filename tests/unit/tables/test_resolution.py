"""What a row does not give itself is resolved at intake, by declared rules, and stored."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.builders.intake import Network, declare, reasons

CONTRACT = """
[network]
name = "courses"
unit = ["student_id", "term"]
student = "student_id"
membership = "registrations"
school = "term"
starts_on = "registered_on"
left_on = "left_on"
[network.periods]
table = "terms"
key = "term"
starts_on = "starts_on"
ends_on = "ends_on"

[tables.terms]
grain = "one row per term"
key = ["term"]
known_on = "always"
rows = [{ term = "A", starts_on = 2024-02-01, ends_on = 2024-06-01 }]
[tables.terms.columns]
term = { type = "id" }
starts_on = { type = "date" }
ends_on = { type = "date" }

[tables.registrations]
grain = "one row per student and term"
key = ["student_id", "term"]
known_on = "registered_on"
[tables.registrations.columns]
student_id = { type = "id", required = true }
term = { type = "id", required = true }
registered_on = { type = "day_offset", origin = "terms.starts_on", default = "first_day" }
left_on = { type = "day_offset", origin = "terms.starts_on", known_on = "left_on" }
first_day = { type = "date", lookup = "terms.starts_on" }
days_ahead = { type = "integer", derive = "first_day - registered_on", max = 100 }
kind = { type = "category", default = "plain", allowed = ["plain", "late"] }

[tables.works]
grain = "one row per piece of work"
key = ["work_id"]
known_on = "announced_on"
[tables.works.columns]
work_id = { type = "id", required = true }
term = { type = "id", required = true }
announced_on = { type = "day_offset", origin = "terms.starts_on" }
due_on = { type = "day_offset", origin = "terms.starts_on" }
weight = { type = "number" }

[tables.handed_in]
grain = "one row per student and work"
key = ["student_id", "work_id"]
known_on = "handed_on"
[tables.handed_in.columns]
student_id = { type = "id", required = true }
work_id = { type = "id", required = true }
term = { type = "id", lookup = "works.term", required = true }
handed_on = { type = "day_offset", origin = "terms.starts_on" }
due_on = { type = "date", lookup = "works.due_on" }
lateness = { type = "integer", derive = "handed_on - due_on" }
mark = { type = "number", max = 100, known_on = "marked_on" }
marked_on = { type = "date", derive = "greatest(handed_on, due_on) + 7" }
[[tables.handed_in.contradictions]]
name = "marked twice over"
when = "mark > 90 and lateness > 30"
keep = "lateness"
clear = ["mark"]

[tables.due]
grain = "one row per student, term and work that was due"
expected = { each = "works", match = "handed_in", known_on = "due_on" }

[tables.visits]
grain = "one row per student, term and step; counts run on"
key = ["student_id", "term", "step"]
known_on = "counted_on"
cumulative = { value = ["pages", "posts"], order = "step" }
[tables.visits.columns]
student_id = { type = "id", required = true }
term = { type = "id", required = true }
step = { type = "integer", required = true }
pages = { type = "integer" }
posts = { type = "integer" }
counted_on = { type = "day_offset", origin = "terms.starts_on", derive = "ceil(step * 31 / 10)" }

[tables.notices]
grain = "one row per line of the file"
key = ["{row_number}"]
known_on = "always"
[tables.notices.columns]
student_id = { type = "id", required = true }
"""

EXTRACTS = """
[[extract]]
table = "registrations"
file = "registrations.csv"
optional = true
[extract.columns]
student_id = "s"
term = "t"
registered_on = "on"
left_on = "left"

[[extract]]
table = "works"
file = "works.csv"
optional = true
[extract.columns]
work_id = "w"
term = "t"
announced_on = "told"
due_on = "due"
weight = "weight"

[[extract]]
table = "handed_in"
file = "handed.csv"
optional = true
[extract.columns]
student_id = "s"
work_id = "w"
handed_on = "on"
mark = "mark"

[[extract]]
table = "visits"
file = "visits.csv"
optional = true
[extract.columns]
student_id = "s"
term = { constant = "A" }
step = "step"
pages = "pages"
posts = "posts"

[[extract]]
table = "notices"
file = "notices.csv"
optional = true
[extract.columns]
student_id = "s"
"""

FILES: dict[str, str | bytes] = {
    "registrations.csv": "s,t,on,left\n1,A,-10.0,\n2,A,,40\n",
    "works.csv": "w,t,told,due,weight\nw1,A,0,10,20\nw2,A,0,40,80\n",
    "handed.csv": "s,w,on,mark\n1,w1,12,60\n2,w1,5,95\n1,w2,75,91\n",
}


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return a network of courses with relative days."""
    return declare(tmp_path, contract=CONTRACT, extracts=EXTRACTS)


def test_days_are_counted_from_a_declared_origin(network: Network) -> None:
    """An offset becomes a date; where none is given the declared default stands."""
    network.take_in(FILES)

    found = network.rows(
        "SELECT registered_on, left_on, days_ahead, kind FROM versions.registrations ORDER BY student_id"
    )

    assert found == [
        (date(2024, 1, 22), None, 10, "plain"),
        (date(2024, 2, 1), date(2024, 3, 12), 0, "plain"),
    ]


def test_lookups_and_derived_columns_are_stored(network: Network) -> None:
    """Work handed in learns its term, due date and lateness from the tables it names."""
    network.take_in(FILES)

    found = network.rows(
        "SELECT term, due_on, lateness, marked_on FROM versions.handed_in ORDER BY student_id, work_id"
    )

    assert found == [
        ("A", date(2024, 2, 11), 2, date(2024, 2, 20)),
        ("A", date(2024, 3, 12), 35, date(2024, 4, 23)),
        ("A", date(2024, 2, 11), -5, date(2024, 2, 18)),
    ]


def test_later_correction_of_a_looked_up_table_rewrites_nothing(network: Network) -> None:
    """What was resolved stays as it was known then."""
    network.take_in(FILES)
    network.take_in(
        {"works.csv": "w,t,told,due,weight\nw1,A,0,30,20\n"}, received_on=date(2025, 2, 1), backfill=False
    )

    found = network.rows("SELECT DISTINCT due_on FROM versions.handed_in WHERE work_id = 'w1'")

    assert found == [(date(2024, 2, 11),)]


def test_row_is_known_no_earlier_than_what_it_looks_up(network: Network) -> None:
    """A work announced on day 20 cannot date a hand-in of day 12."""
    network.take_in({**FILES, "works.csv": "w,t,told,due,weight\nw1,A,20,30,20\nw2,A,0,40,80\n"})

    found = network.rows(
        "SELECT visible_from FROM versions.handed_in WHERE student_id = '1' AND work_id = 'w1'"
    )

    assert found == [(date(2024, 2, 21),)]


def test_lookup_without_its_row_waits_where_required(network: Network) -> None:
    """Work that no table names is held back, not guessed."""
    report = network.take_in({**FILES, "handed.csv": "s,w,on,mark\n1,w9,12,60\n"})

    assert reasons(report.tables[-1]) == {"term:missing": (2,)}


def test_declared_rule_says_which_fact_wins_and_is_counted(network: Network) -> None:
    """The contradiction is counted, and the fact that loses is cleared."""
    report = network.take_in(FILES)

    handed_in = next(table for table in report.tables if table.table == "handed_in")
    found = network.rows("SELECT mark FROM versions.handed_in WHERE student_id = '1' AND work_id = 'w2'")
    assert handed_in.contradictions == (("marked twice over", 1),)
    assert found == [(None,)]


def test_what_was_due_is_a_row_before_it_is_handed_in(network: Network) -> None:
    """Due on day 10 and handed in on day 12: not there in between, then there; never handed in: not there."""
    network.take_in(FILES)

    found = network.rows(
        "SELECT student_id, work_id, handed_on, visible_from, superseded_on FROM versions.due "
        "ORDER BY 1, 2, visible_from"
    )

    assert found == [
        ("1", "w1", None, date(2024, 2, 11), date(2024, 2, 13)),
        ("1", "w1", date(2024, 2, 13), date(2024, 2, 13), None),
        ("1", "w2", None, date(2024, 3, 12), date(2024, 4, 16)),
        ("1", "w2", date(2024, 4, 16), date(2024, 4, 16), None),
        ("2", "w1", date(2024, 2, 6), date(2024, 2, 11), None),
        ("2", "w2", None, date(2024, 3, 12), None),
    ]


def test_running_totals_become_increments(network: Network) -> None:
    """Each step shows what it added, from its own day, rounded up."""
    network.take_in({**FILES, "visits.csv": "s,step,pages,posts\n1,10,5,1\n1,20,5,4\n1,30,9,\n2,20,7,0\n"})

    found = network.rows(
        "SELECT student_id, step, pages, posts, visible_from FROM versions.visits ORDER BY 1, 2"
    )

    assert found == [
        ("1", 10, 5, 1, date(2024, 3, 3)),
        ("1", 20, 0, 3, date(2024, 4, 3)),
        ("1", 30, 4, None, date(2024, 5, 4)),
        ("2", 20, 7, 0, date(2024, 4, 3)),
    ]


def test_corrected_total_changes_increments_from_that_day_only(network: Network) -> None:
    """Until the correction of step 10 is received, step 20 shows what was added to the old total."""
    network.take_in({**FILES, "visits.csv": "s,step,pages,posts\n1,10,5,0\n1,20,9,0\n"})
    network.take_in({"visits.csv": "s,step,pages,posts\n1,10,6,0\n"}, received_on=date(2025, 2, 1))

    found = network.rows(
        "SELECT step, pages, visible_from, superseded_on FROM versions.visits ORDER BY step, visible_from"
    )

    assert found == [
        (10, 5, date(2024, 3, 3), date(2025, 2, 1)),
        (10, 6, date(2025, 2, 1), None),
        (20, 4, date(2024, 4, 3), date(2025, 2, 1)),
        (20, 3, date(2025, 2, 1), None),
    ]


def test_step_that_arrives_late_changes_the_next_from_then_on(network: Network) -> None:
    """A step received after the one above it takes its part from then on."""
    network.take_in(
        {**FILES, "visits.csv": "s,step,pages,posts\n1,20,9,0\n"},
        received_on=date(2024, 4, 10),
        backfill=False,
    )
    network.take_in(
        {"visits.csv": "s,step,pages,posts\n1,10,6,0\n"}, received_on=date(2025, 2, 1), backfill=False
    )

    found = network.rows(
        "SELECT step, pages, visible_from, superseded_on FROM versions.visits ORDER BY step, visible_from"
    )

    assert found == [
        (10, 6, date(2025, 2, 1), None),
        (20, 9, date(2024, 4, 10), date(2025, 2, 1)),
        (20, 3, date(2025, 2, 1), None),
    ]


def test_rows_without_an_id_are_told_apart_by_their_number(network: Network) -> None:
    """Two equal lines of a file without ids are two facts, and the same file again adds none."""
    files: dict[str, str | bytes] = {"notices.csv": "s\n1\n1\n"}
    first = network.take_in(files)
    second = network.take_in(files)

    assert (first.tables[0].n_new, second.tables[0].n_unchanged) == (2, 2)
    assert network.rows("SELECT row_number, student_id FROM versions.notices ORDER BY 1") == [
        ("2", "1"),
        ("3", "1"),
    ]

"""A bulk export becomes the contract's tables, every row of every file accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.oneroster import BULK, Change, Exports, replaced, small_network, with_lines


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    """Return the small network."""
    return small_network(tmp_path)


def _texts(change: Change, table: str) -> list[tuple[str, ...]]:
    return [texts for texts, _ in change.rows[table]]


def test_a_bulk_export_fills_the_tables(exports: Exports) -> None:
    """References are followed, last days lose the day that OneRoster adds, rules leave rows out."""
    change = exports.change(BULK)

    assert _texts(change, "schools") == [("s1", "Maples", "d1", "North")]
    assert _texts(change, "students") == [
        ("u1", "Roy", "2013-05-02", "female"),
        ("u2", "Cyr", "2013-07-09", "unspecified"),
    ]
    assert _texts(change, "enrollments") == [
        ("u1", "2026-2027", "s1", "h1", "07", "2026-08-28", ""),
        ("u2", "2026-2027", "s1", "h1", "07", "2026-09-15", "2026-10-31"),
    ]
    assert _texts(change, "staff") == [
        ("e1", "2026-2027", "teacher", "s1"),
        ("e2", "2026-2027", "principal", "s1"),
    ]
    assert _texts(change, "assignments") == [
        ("e1", "2026-2027", "m1", "MAT", "scheduled", "2026-08-28"),
        ("e1", "2026-2027", "h1", "homeroom", "homeroom", "2026-07-01"),
    ]
    assert _texts(change, "marks") == [
        ("u1", "2026-2027", "Term 1", "MAT", "72.5", "gradingPeriod", "2026-11-19"),
        ("u2", "2026-2027", "Term 1", "MAT", "", "gradingPeriod", "2026-11-19"),
    ]


def test_every_row_left_out_has_a_rule_and_a_line(exports: Exports) -> None:
    """The guardian, the staff, the course enrollments and the second role are counted where they are none."""
    change = exports.change(BULK)
    found = {
        table: {rule.rule: rule.lines for rule in rules} for table, rules in change.left_out.items() if rules
    }

    assert found == {
        "schools": {"not_a_school": (2,)},
        "students": {"not_a_student": (4, 5, 6)},
        "enrollments": {"not_a_homeroom": (4,), "not_a_student": (5, 6)},
        "staff": {"not_staff": (2, 3, 4), "another_role": (7,)},
        "assignments": {"not_a_teacher": (2, 3, 4)},
    }
    assert all(change.n_read[table] == len(BULK[file]) - 1 for table, file in TABLES.items())


TABLES = {
    "schools": "orgs",
    "students": "users",
    "enrollments": "enrollments",
    "staff": "roles",
    "assignments": "enrollments",
    "marks": "results",
}


@pytest.mark.parametrize(
    ("file", "line", "column", "reason"),
    [
        ("users", ",,,true,x,,A,B,,,,,,,,,,,,,,,", "sourcedId", "missing"),
        ("users", "u" * 256 + ",,,true,x,,A,B,,,,,,,,,,,,,,,", "sourcedId", "too_long"),
        ("orgs", "s9,inactive,,X,school,,d1", "status", "not_allowed"),
        ("orgs", "s9,,,X,,,d1", "type", "missing"),
        ("orgs", BULK["orgs"][0], "row", "repeated_header"),
        ("results", "x9,,,i1,u1,exempt", "row", "ragged"),
        ("orgs", 's9,,,"X\nY",school,,d1', "row", "odd_quotes"),
    ],
)
def test_a_row_that_breaks_the_specification_waits(
    exports: Exports, file: str, line: str, column: str, reason: str
) -> None:
    """Its file, line and reason are told, and the law holds for the file."""
    change = exports.change(with_lines(file, line))
    intake = change.files[f"{file}.csv"]
    at = len(BULK[file]) + 1

    assert (column, reason, at) in [(r.column, r.reason, r.lines[0]) for r in intake.reasons]
    assert intake.conserves
    assert intake.n_new == len(BULK[file]) - 1


def test_a_row_given_twice_is_a_duplicate(exports: Exports) -> None:
    """A row repeated as it was counts once; the columns that are not read may differ."""
    again = BULK["users"][1].replace("Ada", "Ada").replace(",true,", ",false,")

    change = exports.change(with_lines("users", again))

    assert (change.files["users.csv"].n_new, change.files["users.csv"].n_duplicates) == (5, 1)


def test_two_rows_of_one_id_that_differ_wait_together(exports: Exports) -> None:
    """Nobody guesses which is true; what refers to them waits as well."""
    change = exports.change(with_lines("users", BULK["users"][1].replace("Roy", "Roi")))
    intake = change.files["users.csv"]

    assert [(r.column, r.reason, r.lines) for r in intake.reasons] == [
        ("sourcedId", "conflicting_key", (2, 7))
    ]
    assert change.waiting["enrollments"] == [
        (2, "userSourcedId:unknown_reference"),
        (4, "userSourcedId:unknown_reference"),
    ]
    assert change.waiting["marks"] == [(2, "studentSourcedId:unknown_reference")]


def test_a_reference_that_leads_nowhere_holds_its_row_back(exports: Exports) -> None:
    """A mark on a line item that the export lacks cannot be placed."""
    change = exports.change(replaced("results", "i1,u1", "i9,u1"))

    assert change.waiting["marks"] == [(2, "lineItemSourcedId:unknown_reference")]
    assert len(change.rows["marks"]) == 1


def test_a_mark_on_another_scale_waits(exports: Exports) -> None:
    """A mark out of 20 is not taken for one out of 100."""
    change = exports.change(replaced("lineItems", "t1,0,100", "t1,0,20"))

    assert change.waiting["marks"] == [
        (2, "resultValueMax:another_scale"),
        (3, "resultValueMax:another_scale"),
    ]


def test_work_that_is_not_graded_gives_no_mark(exports: Exports) -> None:
    """A provisional score is left out until the work is fully graded."""
    change = exports.change(replaced("results", "fully graded", "partially graded"))

    assert [(r.rule, r.lines) for r in change.left_out["marks"]] == [("not_yet_graded", (2,))]


def test_a_line_break_in_a_cell_holds_back_its_lines_only(exports: Exports) -> None:
    """The rows before and after it are read as they are."""
    change = exports.change(with_lines("orgs", 's8,,,"Two\nLines",school,,d1', "s9,,,Oaks,school,,d1"))

    assert [texts[0] for texts in _texts(change, "schools")] == ["s1", "s9"]
    assert change.files["orgs.csv"].n_quarantined == 2


def test_an_export_may_leave_out_what_is_not_sent(exports: Exports) -> None:
    """A roster without marks and birth dates fills the other tables."""
    files = {name: lines for name, lines in BULK.items() if name not in ("results", "demographics")}

    change = exports.change(files)

    assert change.rows["marks"] == []
    assert _texts(change, "students")[0] == ("u1", "Roy", "", "")


def test_a_district_is_found_above_other_organizations(exports: Exports) -> None:
    """The nearest district counts, and a circle of parents ends nowhere."""
    files = replaced("orgs", "s1,,,Maples,school,,d1", "s1,,,Maples,school,,g1")
    files["orgs"] += ("g1,,,Secondary,department,,d1", "o1,,,A,school,,o2", "o2,,,B,local,,o1")

    change = exports.change(files)

    assert _texts(change, "schools") == [("s1", "Maples", "d1", "North"), ("o1", "A", "", "")]


def test_staff_are_of_the_school_year_of_the_day_of_receipt(exports: Exports) -> None:
    """Of two school years in an export, the one that holds the day it was received."""
    year = "y28,,,2027-2028,schoolYear,2027-07-01,2028-07-01,,2028"

    change = exports.change(with_lines("academicSessions", year))

    assert {texts[1] for texts in _texts(change, "staff")} == {"2026-2027"}

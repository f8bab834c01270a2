"""The zip is OneRoster 1.2 in bulk mode, for what OneRoster covers."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date, timedelta

import pytest

from earlywarn.synthetic import SyntheticNetwork

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def roster(invented: SyntheticNetwork) -> dict[str, Rows]:
    """Return every file of the zip as rows."""
    with zipfile.ZipFile(invented.oneroster) as packed:
        return {
            name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(packed.read(name).decode("utf-8"))))
            for name in packed.namelist()
        }


def test_the_manifest_names_every_file(roster: dict[str, Rows]) -> None:
    """Each file of the specification is either in the zip in bulk mode, or declared absent."""
    stated = {row["propertyName"]: row["value"] for row in roster["manifest"]}
    bulk = {name.removeprefix("file.") for name, value in stated.items() if value == "bulk"}

    assert (stated["manifest.version"], stated["oneroster.version"]) == ("1.0", "1.2")
    assert bulk == set(roster) - {"manifest"}
    assert sum(name.startswith("file.") for name in stated) == 21


def test_columns_stand_in_the_order_of_the_specification(roster: dict[str, Rows]) -> None:
    """The enrollments and users files have the columns of OneRoster 1.2, in its order."""
    assert list(roster["enrollments"][0]) == [
        "sourcedId", "status", "dateLastModified", "classSourcedId", "schoolSourcedId", "userSourcedId",
        "role", "primary", "beginDate", "endDate",
    ]  # fmt: skip
    assert list(roster["users"][0])[3:10] == [
        "enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier",
    ]  # fmt: skip


def test_bulk_rows_have_no_status(roster: dict[str, Rows]) -> None:
    """In bulk mode status and dateLastModified stay empty, and no file is without rows."""
    for name, rows in roster.items():
        if name != "manifest":
            assert rows
            assert {(row["status"], row["dateLastModified"]) for row in rows} == {("", "")}


@pytest.mark.parametrize(
    ("file", "column", "target"),
    [
        ("orgs", "parentSourcedId", "orgs"),
        ("courses", "schoolYearSourcedId", "academicSessions"),
        ("classes", "courseSourcedId", "courses"),
        ("classes", "schoolSourcedId", "orgs"),
        ("roles", "userSourcedId", "users"),
        ("demographics", "sourcedId", "users"),
        ("enrollments", "classSourcedId", "classes"),
        ("enrollments", "userSourcedId", "users"),
        ("lineItems", "classSourcedId", "classes"),
        ("academicSessions", "parentSourcedId", "academicSessions"),
        ("lineItems", "academicSessionSourcedId", "academicSessions"),
        ("results", "lineItemSourcedId", "lineItems"),
        ("results", "studentSourcedId", "users"),
    ],
)
def test_references_lead_somewhere(roster: dict[str, Rows], file: str, column: str, target: str) -> None:
    """Every reference names a row of the file it points to."""
    known = {row["sourcedId"] for row in roster[target]}

    assert {row[column] for row in roster[file]} - {""} <= known


def test_ids_are_unique_and_tell_nothing(roster: dict[str, Rows]) -> None:
    """No id stands twice in a file, and a code permanent stands in users.identifier only."""
    for name, rows in roster.items():
        if name != "manifest":
            assert len({row["sourcedId"] for row in rows}) == len(rows)
    codes = {row["identifier"] for row in roster["users"]} - {""}
    assert not codes & {row["sourcedId"] for row in roster["users"]}


def test_terms_end_as_the_extracts_say(invented: SyntheticNetwork, roster: dict[str, Rows]) -> None:
    """A grading period's exclusive end is the day after an end of term that the marks give."""
    extract = max(invented.folder.glob("resultats_*.csv"))
    told = set(re.findall(r"\d{4}-\d{2}-\d{2}", extract.read_text(encoding="cp1252")))
    used = {row["academicSessionSourcedId"] for row in roster["lineItems"]}
    ends = {row["endDate"] for row in roster["academicSessions"] if row["sourcedId"] in used}

    assert used
    assert {str(date.fromisoformat(end) - timedelta(days=1)) for end in ends} <= told


def test_line_items_lie_inside_their_term(roster: dict[str, Rows]) -> None:
    """A line item is due from its grading period's start to before its exclusive end."""
    terms = {row["sourcedId"]: (row["startDate"], row["endDate"]) for row in roster["academicSessions"]}

    for item in roster["lineItems"]:
        start, end = terms[item["academicSessionSourcedId"]]
        assert start <= item["assignDate"] <= item["dueDate"] < end


def test_terms_follow_on_inside_their_school_year(roster: dict[str, Rows]) -> None:
    """Each school has three terms, the next starting where the last ends, none past the school year."""
    sessions = roster["academicSessions"]
    year = next(row for row in sessions if row["type"] == "schoolYear")
    terms = [row for row in sessions if row["type"] == "gradingPeriod"]

    assert len(terms) == 3 * sum(row["type"] == "school" for row in roster["orgs"])
    for place in range(0, len(terms), 3):
        first, second, third = terms[place : place + 3]
        assert year["startDate"] == first["startDate"] < first["endDate"] == second["startDate"]
        assert second["endDate"] == third["startDate"] < third["endDate"] <= year["endDate"]


def test_every_marked_class_says_its_subject(roster: dict[str, Rows]) -> None:
    """A line item is of a class whose subject has a code; a homeroom has none."""
    classes = {row["sourcedId"]: row for row in roster["classes"]}
    marked = {classes[row["classSourcedId"]]["subjectCodes"] for row in roster["lineItems"]}
    homerooms = {row["subjectCodes"] for row in classes.values() if row["classType"] == "homeroom"}

    assert marked == {"FRA", "MAT", "ANG", "SCI", "UNS"}
    assert homerooms == {""}


def test_staff_have_one_role_each(roster: dict[str, Rows]) -> None:
    """Teachers and principals work at a school, central staff at a district."""
    types = {row["sourcedId"]: row["type"] for row in roster["orgs"]}
    found = {(row["role"], types[row["orgSourcedId"]]) for row in roster["roles"] if row["role"] != "student"}

    assert found == {
        ("teacher", "school"),
        ("principal", "school"),
        ("districtAdministrator", "district"),
    }

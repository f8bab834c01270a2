"""Every figure is the one that a person counts by hand; what was not known on the day is not counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from earlywarn.errors import AsOfError
from earlywarn.quality import Figure, NetworkQuality, SchoolQuality, assess
from earlywarn.tables import Tables
from tests.builders.recording import AS_OF, LIKE
from tests.unit.quality.conftest import Schools


def figure(school: SchoolQuality, kind: str, table: str, part: str = "", column: str = "") -> Figure:
    """Return the one figure that is named."""
    (found,) = [f for f in school.figures if f.measure.key == (kind, table, column, part)]
    return found


def counts(school: SchoolQuality, kind: str, table: str, part: str = "", column: str = "") -> tuple[int, int]:
    """Return a figure's count and what it is out of."""
    measure = figure(school, kind, table, part, column).measure
    return measure.count, measure.out_of


def test_rows_known_before_the_day_are_counted(schools: Schools) -> None:
    """57 days of class were recorded by 19 November, six rows each, for 40 students: 8.55 each."""
    assert counts(schools["s01"], "total", "absences") == (342, 40)
    assert figure(schools["s01"], "total", "absences").measure.value == pytest.approx(8.55)
    assert counts(schools["s11"], "total", "absences") == (300, 40)


def test_rows_are_counted_by_month(schools: Schools) -> None:
    """September and October have 22 days of class each, November 13 that were recorded by then."""
    found = [
        counts(schools["s01"], "month", "absences", f"2026-{month}") for month in ("08", "09", "10", "11")
    ]

    assert found == [(0, 40), (132, 40), (132, 40), (78, 40)]


def test_days_without_any_row_are_counted(schools: Schools) -> None:
    """Of 53 days up to a week before, ten are Fridays, on which one school records nothing."""
    assert counts(schools["s01"], "silent", "absences") == (0, 53)
    assert counts(schools["s12"], "silent", "absences") == (10, 53)
    assert [counts(schools["s12"], "silent", "absences", f"2026-{m}") for m in ("09", "10", "11")] == [
        (4, 22),
        (5, 22),
        (1, 9),
    ]
    assert counts(schools["s12"], "silent", "absences", "5") == (10, 10)


def test_a_weekday_is_compared_with_the_schools_own_days(schools: Schools) -> None:
    """A day like the others is 1; where Fridays are empty the other days are 53/43 of the average."""
    assert figure(schools["s01"], "weekday", "absences", "5").measure.value == pytest.approx(1)
    assert figure(schools["s12"], "weekday", "absences", "5").measure.value == 0
    assert figure(schools["s12"], "weekday", "absences", "1").measure.value == pytest.approx(53 / 43)


def test_delays_are_counted(schools: Schools) -> None:
    """One school records ten days after the fact, the others one."""
    assert counts(schools["s11"], "late", "absences") == (300, 300)
    assert counts(schools["s01"], "late", "absences") == (0, 342)
    assert figure(schools["s11"], "delay", "absences").measure.value == 10
    assert figure(schools["s01"], "delay", "absences").measure.value == 1


def test_missing_values_are_empty_cells_and_absent_rows(schools: Schools) -> None:
    """Five empty marks and forty rows that were never sent are both missing; French marks are not."""
    found = {s: counts(schools[s], "missing", "marks", "maths", "mark") for s in ("s01", "s09", "s10")}

    assert found == {"s01": (0, 40), "s09": (5, 40), "s10": (40, 40)}
    assert counts(schools["s10"], "missing", "marks", "french", "mark") == (0, 40)


def test_students_in_no_group_are_counted(schools: Schools) -> None:
    """Twelve of forty students of one school are in no group; nobody lacks a grade."""
    assert counts(schools["s08"], "unplaced", "groups") == (12, 40)
    assert counts(schools["s01"], "unplaced", "groups") == (0, 40)
    assert counts(schools["s08"], "unplaced", "stays", column="grade") == (0, 40)


def test_students_without_a_record_are_counted(schools: Schools) -> None:
    """A table of one row a student, dated by nothing, should have them all: one school lacks eleven."""
    assert counts(schools["s06"], "unplaced", "files") == (11, 40)
    assert counts(schools["s01"], "unplaced", "files") == (0, 40)


def test_codes_are_counted(schools: Schools) -> None:
    """One late arrival a day, but where they are written as excused."""
    late = {s: counts(schools[s], "code", "absences", "late", "category") for s in ("s01", "s07")}

    assert late == {"s01": (57, 40), "s07": (0, 40)}
    assert counts(schools["s07"], "code", "absences", "excused", "category") == (228, 40)


def test_what_is_usual_is_the_median_of_like_schools(schools: Schools) -> None:
    """Twelve schools of the level have thirty students or more: ten of them have 8.55 rows a student."""
    usual = figure(schools["s01"], "total", "absences").usual

    assert usual is not None
    assert (usual.n_schools, usual.low, usual.middle, usual.high) == (12, 8.55, 8.55, 8.55)


def test_only_what_was_planted_stands_out(schools: Schools) -> None:
    """Schools with no habit of their own have no figure outside the usual on the side that matters."""
    outside = {
        name: {
            (f.measure.kind, f.measure.part)
            for f in schools[name].figures
            if f.verdict == "outside" and f.measure.kind != "weekday"
        }
        for name in LIKE
    }

    assert [name for name in LIKE if not outside[name]] == ["s01", "s02", "s03", "s04", "s05"]
    assert outside["s06"] == {("unplaced", "")}
    assert outside["s07"] == {("code", "late")}
    assert outside["s08"] == {("unplaced", "")}
    assert outside["s09"] == {("missing", "maths")}
    assert outside["s11"] >= {("late", ""), ("delay", "")}
    assert outside["s12"] >= {("silent", ""), ("silent", "2026-09"), ("silent", "2026-10")}


def test_too_little_is_said_to_be_too_little(schools: Schools) -> None:
    """Twenty students, or three schools of a level, are too few for a verdict; eight are not shown at all."""
    verdicts = {name: {f.verdict for f in schools[name].figures} - {"shown"} for name in ("s14", "x01")}

    assert verdicts == {"s14": {"unknown"}, "x01": {"unknown"}}
    assert (schools["s13"].is_hidden, schools["s13"].figures) == (True, ())


@pytest.mark.parametrize("as_of", [date(2026, 9, 15), date(2026, 10, 20), AS_OF])
def test_what_comes_later_changes_nothing(tables: Tables, as_of: date) -> None:
    """Rows that become visible on the day or later could be deleted, and every figure would stay."""
    before = assess(tables, as_of)
    connection = tables.connection
    connection.execute("CREATE SCHEMA kept")
    try:
        for name in tables.contract.tables:
            known = f"SELECT * FROM versions.{name} WHERE visible_from < DATE '{as_of}'"
            connection.execute(f"CREATE TABLE kept.{name} AS {known}")
        after = assess(replace(tables, connection=_Kept(connection)), as_of)  # type: ignore[arg-type]
    finally:
        connection.execute("DROP SCHEMA kept CASCADE")

    assert after == before


class _Kept:
    """Read the rows that were visible by then wherever `versions` is named."""

    def __init__(self, connection: object) -> None:
        self._connection = connection

    def execute(self, sql: str) -> object:
        """Run a statement on `kept`."""
        return self._connection.execute(sql.replace("versions.", "kept."))  # type: ignore[attr-defined]


def test_a_day_on_which_nobody_is_there_is_refused(tables: Tables) -> None:
    """Before the first day of any stay there is nothing to look at."""
    with pytest.raises(AsOfError, match="nobody is enrolled between 2025-07-01 and 2026-02-28"):
        assess(tables, date(2026, 3, 1))


def test_the_order_of_schools_is_by_level_and_name(quality: NetworkQuality) -> None:
    """Schools stand by level, then by name, then by id."""
    assert [school.school_id for school in quality.schools] == [*LIKE, "s13", "s14", "x01", "x02", "x03"]

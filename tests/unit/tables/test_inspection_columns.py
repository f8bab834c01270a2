"""What a column holds is told from its cells: kind, marks, formats, missing values, identities."""

from __future__ import annotations

import pytest

from earlywarn.tables.inspection.profile import Profile, profile_of


def _profile(*cells: str, header: str = "c", repeat: int = 10, is_typed: bool = False) -> Profile:
    return profile_of(header, list(cells) * repeat, is_typed=is_typed)


@pytest.mark.parametrize(
    ("cells", "decimal", "thousands", "places"),
    [
        (("72,5", "80"), ",", "", 1),
        (("72.55", "80"), ".", "", 2),
        (("1 234,5", "7"), ",", " ", 1),
        (("1\u00a0234,5", "12\u00a0000"), ",", " ", 1),
        (("1\u202f234", "0,5"), ",", " ", 1),
        (("1,234.5", "7"), ".", ",", 1),
        (("1.234.567,5", "7"), ",", ".", 1),
        (("19.0", "-3.0"), ".", "", 0),
    ],
)
def test_marks_of_numbers_are_told(cells: tuple[str, ...], decimal: str, thousands: str, places: int) -> None:
    """Decimal and thousands marks are told apart where the numbers say which is which."""
    profile = _profile(*cells)

    assert profile.kind in ("number", "integer")
    assert (profile.numbers.decimal, profile.numbers.thousands, profile.numbers.places) == (
        decimal,
        thousands,
        places,
    )
    assert profile.doubts == ()


def test_mark_that_may_be_either_is_a_doubt() -> None:
    """1,234 may be one thousand or one and a quarter."""
    profile = _profile("1,234", "5,678", "12")

    assert [doubt.code for doubt in profile.doubts] == ["mark_or_thousands"]


@pytest.mark.parametrize(
    ("cells", "formats"),
    [
        (("2024-09-03", "2025-01-31"), ("%Y-%m-%d",)),
        (("03/09/2024", "31/01/2025"), ("%d/%m/%Y",)),
        (("09/03/2024", "01/31/2025"), ("%m/%d/%Y",)),
        (("03-09-2024", "31-01-2025"), ("%d-%m-%Y",)),
        (("20240903", "20250131"), ("%Y%m%d",)),
        (("2024-09-03 00:00:00.000", "2025-01-31 00:00:00.000"), ("%Y-%m-%d 00:00:00.000",)),
        (("2024-09-03 08:30:00", "2025-01-31 10:00:00"), ("%Y-%m-%d %H:%M:%S",)),
        (("03.09.2024", "31.01.2025"), ("%d.%m.%Y",)),
    ],
)
def test_format_of_days_is_told(cells: tuple[str, ...], formats: tuple[str, ...]) -> None:
    """A format is one that reads every cell exactly, and no other reads them as other days."""
    profile = _profile(*cells)

    assert (profile.kind, profile.dates.formats, profile.doubts) == ("date", formats, ())


@pytest.mark.parametrize("cells", [("03/04/2025", "05/06/2025"), ("05/05/2025", "05/05/2025")])
def test_day_and_month_that_cannot_be_told_apart_are_never_guessed(cells: tuple[str, ...]) -> None:
    """Both orders are proposed, so that an intake holds back what they read differently, and it is said."""
    profile = _profile(*cells)

    assert profile.dates.formats == ("%d/%m/%Y", "%m/%d/%Y")
    assert [doubt.sentence("en") for doubt in profile.doubts] == [
        "day and month cannot be told apart: keep one of the formats %d/%m/%Y / %m/%d/%Y"
    ]


def test_years_of_two_digits_are_a_doubt() -> None:
    """A century is not written, so it is not sure."""
    assert [doubt.code for doubt in _profile("31/01/99", "28/02/98").doubts] == ["two_digit_year"]


@pytest.mark.parametrize(
    ("header", "cells", "kind"),
    [
        ("c", ("007", "012"), "id"),
        ("Code école", ("901001", "901002"), "id"),
        ("id_student", ("11391", "28400"), "id"),
        ("childid", ("273026452", "273030991"), "id"),
        ("paid", ("yes", "no"), "boolean"),
        ("nb absences", ("3", "12"), "integer"),
        ("Redoublement", ("O", "N"), "boolean"),
        ("Motif", ("M", "N", "R"), "category"),
        ("Groupe", tuple(f"G{n:03d}" for n in range(200)), "id"),
        ("Note", tuple(f"a long note number {n}" for n in range(200)), "text"),
        ("Vide", ("", " "), "empty"),
    ],
)
def test_kind_is_told(header: str, cells: tuple[str, ...], kind: str) -> None:
    """Ids keep their zeros; codes are few; notes are many."""
    assert _profile(*cells, header=header).kind == kind


def test_known_marks_of_absence_are_found_among_numbers_only() -> None:
    """ABS in a column of results is a missing value; NA in a column of names is a name."""
    results = _profile("72,5", "ABS", "NE", "80")
    names = _profile("NA", "Zoé Tremblay", "Léa Roy", header="Nom")

    assert (results.kind, set(results.missing)) == ("number", {"ABS", "NE"})
    assert names.missing == ()


def test_slips_do_not_change_what_a_column_is_and_are_counted() -> None:
    """One word among two hundred numbers is a slip: the column is of numbers, and one cell would wait."""
    profile = profile_of("Résultat", [*("72,5", "80") * 100, "soixante"])

    assert profile.kind == "number"
    assert [doubt.sentence("en") for doubt in profile.doubts] == [
        "1 of the cells looked at cannot be read so and would wait"
    ]


@pytest.mark.parametrize(
    ("header", "cells", "identity"),
    [
        ("Nom", ("x", "y"), "family_name"),
        ("NOM_ELEVE", ("x", "y"), "family_name"),
        ("Date naiss.", ("2010-01-01",), "birth_date"),
        ("NAS", ("123",), "social_insurance"),
        ("Tél.", ("1",), "phone"),
        ("Nom de l'école", ("École des Érables", "École des Pins"), None),
        ("c1", ("TREA12345678", "GAGL87654321"), "permanent_code"),
        ("c2", ("514 555-1234", "(418) 555-9876"), "phone"),
        ("c3", ("lea@example.com", "noah@example.com"), "email"),
        ("c4", ("G1R 5H4", "H2X1Y4"), "postal_code"),
        ("c5", ("Tremblay", "Gagnon", "Zyx", "Roy"), "family_name"),
        ("c6", ("Léa", "William", "Noah", "Qwx"), "given_name"),
        ("c7", ("Tremblay, Léa", "Gagnon, Noah"), "family_name"),
        ("Matière", ("FRA", "MAT", "ANG"), None),
        ("Groupe", ("ROY1", "ROY2"), None),
    ],
)
def test_identities_are_known_by_header_or_content(
    header: str, cells: tuple[str, ...], identity: str | None
) -> None:
    """A column that names or reaches a person is known, and none of its cells is ever a code to show."""
    profile = _profile(*cells, header=header)

    assert profile.identity == identity
    assert identity is None or profile.codes == ()


def test_rare_texts_of_a_long_column_are_not_shown() -> None:
    """A name that slipped into a column of codes stands there once, so it is not among the codes shown."""
    profile = profile_of("Motif", [*("M", "N") * 200, "Zaphod", "zaphod b"])

    assert profile.codes == ("M", "N")


def test_texts_written_like_names_are_not_shown() -> None:
    """Four children of a small group stand in a column as often as codes do; they are not shown."""
    children = _profile("Zaphod", "Tricia McMillan", "Slarti B.", "ARTHUR D", header="c1")
    mixed = _profile("M", "N", "R", "Zaphod", header="c2")
    known = _profile("Primaire", "Secondaire", header="c3")

    assert (children.kind, children.codes) == ("category", ())
    assert mixed.codes == ("M", "N", "R")
    assert known.codes == ("Primaire", "Secondaire")


def test_typed_cells_say_nothing_of_marks() -> None:
    """In a workbook, only what people typed as text has a decimal mark or a format of its own."""
    marks = _profile("72.5", "80.5", "61,5", is_typed=True)
    days = _profile("2024-09-03", "2025-01-31", "31/12/2024", is_typed=True)

    assert (marks.numbers.decimal, days.dates.formats) == (",", ("%d/%m/%Y",))

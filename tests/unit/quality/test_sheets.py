"""What a direction reads: sentences in both languages, the first to settle first, and no cell under ten."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from earlywarn.domain import Language
from earlywarn.paper import page
from earlywarn.quality import (
    Measure,
    Naming,
    NetworkQuality,
    SchoolQuality,
    findings_of,
    network_sheet,
    quality_json,
    school_sheet,
)
from earlywarn.quality.figures import Figure, Usual
from earlywarn.quality.hiding import hidden
from earlywarn.quality.wording import said
from earlywarn.tables import Tables
from tests.builders.recording import students_of
from tests.unit.quality.conftest import Schools

NO_BREAK = "\u00a0"


@pytest.fixture
def namings(tables: Tables) -> dict[Language, Naming]:
    """Return the words of the network."""
    return {"fr": Naming(tables.contract, "fr"), "en": Naming(tables.contract, "en")}


def sentences(school: SchoolQuality, naming: Naming) -> list[str]:
    """Return what is found of a school, with plain spaces."""
    points = [said(finding, naming) for finding in findings_of(school)]
    return [f"{point.text} {point.todo}".replace(NO_BREAK, " ") for point in points]


def test_fridays_without_entries_are_named(schools: Schools, namings: dict[Language, Naming]) -> None:
    """Nine of the 44 days of September and October are Fridays that nobody recorded."""
    assert sentences(schools["s12"], namings["fr"]) == [
        "En septembre et octobre, 9 journées de classe sur 44 sont sans aucune saisie d’absences, contre "
        "0 d’habitude dans les écoles comparables. Vérifier la saisie du vendredi : la plupart de ces jours "
        "sont des vendredis."
    ]
    assert sentences(schools["s12"], namings["en"])[0].startswith(
        "In September and October, 9 of 44 days of class have no entry of absences at all, against 0 usually"
    )


def test_each_habit_is_one_finding(schools: Schools, namings: dict[Language, Naming]) -> None:
    """What was planted in a school is said of it, and nothing else."""
    said_of = {name: sentences(schools[name], namings["fr"]) for name in ("s01", "s07", "s08", "s09", "s10")}

    assert said_of["s01"] == []
    assert [text.split(".")[0] for text in said_of["s07"]] == [
        "Aucune saisie de la sorte « retard » (absences) depuis le début de la période, contre 1,43 par "
        "élève d’habitude"
    ]
    assert [text.split(".")[0] for text in said_of["s08"]] == [
        "12 élèves sur 40 n’ont rien dans « groupes » aujourd’hui, contre 0 % d’habitude"
    ]
    assert [text.split(".")[0] for text in said_of["s10"]] == [
        "Valeur manquante, « résultat » : mathématique, 40 élèves sur 40 (d’habitude 0 %)"
    ]


def test_fewer_than_ten_students_are_not_counted_out(
    quality: NetworkQuality, schools: Schools, namings: dict[Language, Naming]
) -> None:
    """Five missing marks are said to be fewer than ten, on the page and in the stored figures."""
    text = sentences(schools["s09"], namings["fr"])[0]
    html = page(school_sheet(schools["s09"], quality, namings["fr"]), "fr")
    stored = _stored(quality, namings)["s09"]
    (cell,) = [f for f in stored["figures"] if (f["kind"], f["part"]) == ("missing", "maths")]

    assert "mathématique, moins de 10 élèves." in text
    assert not re.search(r"\b5 (élèves|sur)|12,5", html.replace(NO_BREAK, " "))
    assert (cell["count"], cell["value"], cell["verdict"]) == (None, None, "outside")


def test_a_sum_gives_no_small_count_away() -> None:
    """Where one code of three is under ten, the next smallest is hidden too; where two are, no other is."""

    def shown(*counts: int) -> list[bool]:
        measures = [
            Measure("code", "t", "c", str(n), count, 40, count / 40) for n, count in enumerate(counts)
        ]
        return [not figure.is_hidden for figure in hidden([Figure(m, None, "unknown") for m in measures])]

    assert shown(100, 3, 30) == [True, False, False]
    assert shown(100, 3, 0) == [False, False, True]
    assert shown(100, 3, 4) == [True, False, False]
    assert shown(100, 20, 30) == [True, True, True]


def test_a_school_under_ten_students_shows_nothing(
    quality: NetworkQuality, schools: Schools, namings: dict[Language, Naming]
) -> None:
    """Neither a figure nor the number of students."""
    sheet = school_sheet(schools["s13"], quality, namings["fr"])
    stored = _stored(quality, namings)["s13"]

    assert sheet.lead == "L’école a moins de 10 élèves\u00a0: aucun chiffre n’est montré."
    assert [fact.text for fact in sheet.facts if fact.term == "Élèves"] == ["moins de 10"]
    assert [section.anchor for section in sheet.sections] == ["reading"]
    assert (stored["n_students"], stored["figures"], stored["findings"]) == (None, [], [])


def test_no_student_is_named_anywhere(quality: NetworkQuality, namings: dict[Language, Naming]) -> None:
    """Neither pages nor the stored figures hold an id."""
    content = quality_json(quality, tuple(namings.values())).decode()
    for language, naming in namings.items():
        content += page(network_sheet(quality, naming, {}), language)
        content += "".join(page(school_sheet(s, quality, naming), language) for s in quality.schools)

    assert [
        student for school in ("s01", "s09", "s13") for student in students_of(school) if student in content
    ] == []


def test_too_few_schools_are_said_to_be(
    quality: NetworkQuality, schools: Schools, namings: dict[Language, Naming]
) -> None:
    """Three schools of a level have figures and no verdict."""
    sheet = school_sheet(schools["x01"], quality, namings["en"])

    assert sheet.lead.startswith("Too few comparable schools")
    assert sheet.first == ()
    assert "cannot tell" in page(sheet, "en")


def test_the_overview_puts_those_with_most_to_settle_first(
    quality: NetworkQuality, namings: dict[Language, Naming]
) -> None:
    """Seven like schools have something to settle; the page leads to each school's own."""
    sheet = network_sheet(quality, namings["fr"], {"s12": "schools/s12.fr.html"})
    (table,) = sheet.sections[0].tables
    asked = [int(row.cells[1].text) for row in table.rows]

    assert sheet.lead.replace(NO_BREAK, " ").startswith("7 écoles sur 17 ont un point à régler")
    assert asked == sorted(asked, reverse=True)
    assert {row.link for row in table.rows if row.head == "École s12"} == {"schools/s12.fr.html"}


def test_findings_stand_by_what_hurts_a_list_most() -> None:
    """An empty table first, then days without entries, then missing values, late entries and unused codes."""
    kinds = ("code", "late", "missing", "total", "unplaced", "silent")
    usual = Usual(12, 0, 1, 1, 1)
    bad = {"code": "low", "total": "low"}
    figures = tuple(
        Figure(Measure(kind, f"t{n}", "", "", 0, 40, 0), usual, "outside", bad.get(kind, "high"), -4)  # type: ignore[arg-type]
        for n, kind in enumerate(kinds)
    )
    school = SchoolQuality("s", "S", "", 40, figures)

    assert [f.kind for f in findings_of(school)] == ["total", "silent", "missing", "late", "unplaced", "code"]


def test_where_hardly_anything_is_there_nothing_else_is_said() -> None:
    """A table without rows is one finding: its months, weekdays and values say the same again."""
    usual = Usual(12, 1, 1, 1, 1)
    low = [
        Figure(Measure(kind, "t", "", part, 0, 40, 0), usual, "outside", "low", -9)  # type: ignore[arg-type]
        for kind, part in (("total", ""), ("month", "2026-09"), ("code", "late"))
    ]
    high = Figure(Measure("missing", "t", "mark", "maths", 40, 40, 1), usual, "outside", "high", 9)
    school = SchoolQuality("s", "S", "", 40, (*low, high))

    assert [finding.kind for finding in findings_of(school)] == ["total"]


def test_more_than_usual_is_shown_and_not_asked_about(schools: Schools) -> None:
    """A school that records more than others has no finding for it."""
    own = schools["s01"]
    total = next(f for f in own.figures if f.measure.kind == "total" and f.measure.table == "absences")
    more = replace(total, verdict="outside", side="high")

    assert findings_of(replace(own, figures=(more,))) == ()


def test_every_sheet_is_typed_as_french_is(quality: NetworkQuality, namings: dict[Language, Naming]) -> None:
    """No plain space where French keeps words together, on any page."""
    for school in quality.schools:
        texts = json.dumps(school_sheet(school, quality, namings["fr"]).as_json(), ensure_ascii=False)
        assert re.findall(r"\w [;:!?»]|« ", texts) == []


def _stored(quality: NetworkQuality, namings: dict[Language, Naming]) -> dict[str, Any]:
    stored = json.loads(quality_json(quality, tuple(namings.values())))
    return {school["school_id"]: school for school in stored["schools"]}

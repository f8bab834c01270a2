"""Data-quality sheets of the tiny network's three schools, as the verb would keep them."""

from __future__ import annotations

from datetime import date

from earlywarn.domain import Language
from earlywarn.paper import Bar as PaperBar
from earlywarn.paper import Cell, Fact, Point, Row, Section, Sheet, Slice, Strip, Table
from earlywarn.store import QualityToLoad

AS_OF = date(2026, 11, 20)
FINDING = {
    "fr": "En novembre, 3 journées de classe sur 18 sont sans aucune saisie d’absences.",
    "en": "In November, 3 of 18 days of class have no entry of absences at all.",
}
TODO = {"fr": "Vérifier la saisie du vendredi.", "en": "Check what is recorded on Fridays."}


def sheets_to_load() -> list[QualityToLoad]:
    """Return one sheet a school: the first has a finding, the others none."""
    return [
        QualityToLoad(
            school,
            AS_OF,
            n_findings,
            {str(language): sheet(name, language, n_findings).as_json() for language in ("fr", "en")},
        )
        for school, name, n_findings in (
            ("s1", "École Un", 1),
            ("s2", "École Deux", 0),
            ("s3", "École Trois", 2),
        )
    ]


def sheet(name: str, language: Language, n_findings: int) -> Sheet:
    """Return a sheet with every kind of part."""
    strip = Strip(low=70.0, middle=80.0, high=90.0, own=20.0)
    bar = PaperBar((Slice("good", 0.0, 60.0), Slice("warn", 60.0, 40.0)))
    row = Row(
        "novembre" if language == "fr" else "November",
        (
            Cell("17\u00a0%", "warn", note="3 sur 18"),
            Cell("0\u00a0%", strip=strip),
            Cell("", bar=bar),
            Cell("▲\u00a0au-dessus" if language == "fr" else "▲ above", "warn", is_number=False),
        ),
    )
    table = Table(
        "Journées sans aucune saisie", ("", "Ici", "D’habitude", "Part", "Avis"), (row,), "jusqu’ici"
    )
    return Sheet(
        title=name,
        kicker="Qualité des données" if language == "fr" else "Data quality",
        lead=f"{n_findings} point",
        facts=(Fact("Élèves" if language == "fr" else "Students", "453"),),
        first_title="À régler d’abord" if language == "fr" else "To settle first",
        first=(Point(FINDING[language], TODO[language]),) * n_findings,
        nothing="Rien.",
        sections=(
            Section("absences", "Absences", tables=(table,), facts=(Fact("D’habitude", "La médiane."),)),
        ),
    )

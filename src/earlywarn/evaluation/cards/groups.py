"""The card's audit: each group beside everybody else, with counts, intervals and verdicts."""

from __future__ import annotations

from earlywarn.domain import Language
from earlywarn.evaluation.audit.card import audit_facts
from earlywarn.evaluation.cards.prose import GroupNames
from earlywarn.evaluation.cards.words import word
from earlywarn.evaluation.cards.writing import count_cell, figure_cell, number_cell, verdict_cell
from earlywarn.evaluation.school_and_grade_text import TITLE, school_and_grade_facts
from earlywarn.evaluation.text import Sheet
from earlywarn.paper import Row, Section, Table

CHECKS = ("calibration", "rates")
_COLUMNS = ("group", "n", "outcomes", "rate", "gap", "group_recall", "false_alarms", *CHECKS)


def groups_section(lead: Sheet, names: GroupNames, language: Language) -> Section | None:
    """Show every audited group; without audited columns there is nothing to show."""
    if not lead["groups"]:
        return None
    rows = tuple(
        Row(
            names.of(one["column"], one["group"], language),
            (
                count_cell(one["n"], language),
                count_cell(one["n_positive"], language),
                number_cell(one["base_rate"], language),
                figure_cell(one["calibration_gap"], language, signed=True),
                figure_cell(one["recall"], language),
                figure_cell(one["false_positive_rate"], language),
                *(verdict_cell(verdict, word(verdict, language)) for verdict in _verdicts(one)),
            ),
        )
        for one in lead["groups"]
    )
    columns = tuple(word(name, language) for name in _COLUMNS)
    return Section(
        "groups",
        word("groups", language),
        tables=(Table(word("groups_caption", language), columns, rows),),
        paragraphs=tuple(
            audit_facts(lead, lambda column, value: names.of(column, value, language), language)
        ),
    )


def school_and_grade_section(lead: Sheet, language: Language) -> Section | None:
    """Say what the school and the grade alone would tell (Perdomo et al. 2023); older sheets do not."""
    facts = school_and_grade_facts(lead, language)
    return Section("school-and-grade", TITLE[language], paragraphs=tuple(facts)) if facts else None


def _verdicts(one: Sheet) -> list[str]:
    return [one[f"{check}_verdict"] for check in CHECKS]


def open_checks(one: Sheet, language: Language) -> list[str]:
    """Name the checks of a group that its rows cannot settle."""
    found = [word(check, language) for check in CHECKS if one[f"{check}_verdict"] == "cannot tell"]
    if one["rates_verdict"] == "outside" and one.get("against_rules") in {None, "cannot tell"}:
        found.append(word("beside_rules", language))
    return found

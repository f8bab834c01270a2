"""Write the model card from the quality sheet and the declared prose, as Markdown and as a page.

Figures come from the sheet alone; prose comes from `model.toml` and is marked as written by people. What
cannot be told stands first (Mitchell et al. 2019, Model Cards for Model Reporting).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from earlywarn.domain import Language
from earlywarn.evaluation.calibration_bounds import rate_moved
from earlywarn.evaluation.cards.answers import answers_section
from earlywarn.evaluation.cards.groups import groups_section, open_checks, school_and_grade_section
from earlywarn.evaluation.cards.leaks import leaks_section
from earlywarn.evaluation.cards.lists import lists_section
from earlywarn.evaluation.cards.prose import CardProse, GroupNames, written_sections
from earlywarn.evaluation.cards.quality import (
    beside_section,
    calibration_section,
    grades_section,
    held_section,
    leaves_time,
    moments_section,
    quality_section,
)
from earlywarn.evaluation.cards.rules import rules_paper
from earlywarn.evaluation.cards.words import word
from earlywarn.evaluation.leaks import open_findings
from earlywarn.evaluation.rules_sheet import is_rules
from earlywarn.evaluation.text import Sheet, chosen_of, signed
from earlywarn.paper import Picture, Point, Section, markdown, page
from earlywarn.paper import Sheet as Paper

FEATURES = "features_section"
"""The section that has pictures alone."""

Pictures = Mapping[str, tuple[Picture, ...]]
"""Drawings by the section that they belong to."""


def card_markdown(sheet: Sheet, prose: CardProse, names: GroupNames) -> str:
    """Write the whole card, French first, then English."""
    french, english = (markdown(card_sheet(sheet, prose, names, language)) for language in _BOTH)
    return f"{french}\n---\n\n{english}"


def card_page(
    sheet: Sheet,
    prose: CardProse,
    names: GroupNames,
    language: Language,
    *,
    pictures: Pictures | None = None,
    other: str = "",
    never: str = "",
) -> str:
    """Return the card as one HTML file.

    Args:
        sheet: The quality sheet, as read back from its JSON.
        prose: What people wrote.
        names: What audited columns and their values are called.
        language: The language of the page.
        pictures: Drawings, by the anchor of their section.
        other: The file that says the same in the other language.
        never: The file that says what the model must never be used for.
    """
    card = card_sheet(sheet, prose, names, language)
    drawn = pictures or {}
    sections = tuple(replace(one, pictures=drawn.get(one.anchor, ())) for one in card.sections)
    if FEATURES in drawn:
        sections = (*sections, Section(FEATURES, word(FEATURES, language), pictures=drawn[FEATURES]))
    link = (never, word("not_for", language)) if never else None
    return page(replace(card, sections=sections), language, other=other, home=link)


def card_sheet(sheet: Sheet, prose: CardProse, names: GroupNames, language: Language) -> Paper:
    """Return what the card says in one language."""
    if is_rules(sheet):
        return rules_paper(sheet, prose, language)
    lead = sheet["backtests"][0]
    colon = word("colon", language)
    found: list[Section | None] = [
        *written_sections(prose, language),
        quality_section(sheet, language),
        moments_section(lead, language),
        beside_section(lead, language),
        lists_section(lead, language),
        calibration_section(lead, language),
        grades_section(lead, language),
        held_section(lead, language),
        school_and_grade_section(lead, language),
        groups_section(lead, names, language),
        answers_section(lead, language),
        leaks_section(sheet, language),
    ]
    unsure = unsure_of(sheet, names, language)
    return Paper(
        title=f"{word('title', language)}{colon}{sheet['network']}/{sheet['model']}",
        kicker="",
        lead=f"{word('outcome', language)}{colon}{sheet['outcome'][language]}",
        first_title=word("unsure", language),
        first=tuple(Point(text, "", mark="unknown") for text in unsure),
        nothing=word("nothing", language),
        sections=tuple(section for section in found if section is not None),
    )


def unsure_of(sheet: Sheet, names: GroupNames, language: Language = "en") -> list[str]:
    """List what the leading back-test leaves open."""
    lead, unsure = sheet["backtests"][0], word("cannot tell", language)
    colon = word("colon", language)
    found = [lead["folds"]["says"][language]] if leaves_time(lead) else []
    found += [
        f"{word(pair['model'], language)} / {word(pair['other'], language)}{colon}{unsure} "
        f"(AUC {signed(pair['auc'], language=language)})"
        for pair in lead["comparisons"]
        if pair["verdict"] == "cannot tell"
    ]
    found += rate_moved(lead, chosen_of(lead), language)
    for one in lead["groups"]:
        if checks := open_checks(one, language):
            group = f"{names.of(one['column'], one['group'], language)} (n = {one['n']})"
            found.append(f"{group}{colon}{unsure} ({', '.join(checks)})")
    return found + open_findings(sheet.get("leaks", ()), language)


_BOTH: tuple[Language, Language] = ("fr", "en")

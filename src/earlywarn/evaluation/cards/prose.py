"""Hold what people write on a card, and what they call the groups that audits look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from earlywarn.domain import Language
from earlywarn.evaluation.cards.words import word
from earlywarn.paper import Section

SECTIONS = ("use", "not_for", "limits")
"""Prose that people must write before a model can be promoted."""


@dataclass(frozen=True)
class CardProse:
    """What people wrote, by section and language; a missing section is empty."""

    use: dict[str, str]
    not_for: dict[str, str]
    limits: dict[str, str]

    def missing(self) -> tuple[str, ...]:
        """Return the sections and languages that nobody has written."""
        return tuple(
            f"{section}.{language}"
            for section in SECTIONS
            for language in ("fr", "en")
            if not self.of(section, language)
        )

    def of(self, section: str, language: str) -> str:
        """Return one section's text, empty where nobody wrote it."""
        written: dict[str, str] = getattr(self, section)
        return written.get(language, "").strip()


def written_sections(prose: CardProse, language: Language) -> tuple[Section, ...]:
    """Return what people wrote, marked as written by them."""
    return tuple(
        Section(
            section,
            word(section, language),
            lead=word("written", language),
            paragraphs=(prose.of(section, language) or word("wait", language),),
        )
        for section in SECTIONS
    )


@dataclass(frozen=True)
class GroupNames:
    """What audited columns and their values are called; undeclared, they stand as the tables hold them."""

    columns: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[Language, Mapping[str, str]]] = field(default_factory=dict)

    def of(self, column: str, value: str, language: Language) -> str:
        r"""Name one group.

        >>> GroupNames({"sex": {"fr": "sexe"}}, {"sex": {"fr": {"F": "filles"}}}).of("sex", "F", "fr")
        'sexe\xa0: filles'
        """
        return (
            f"{self.column(column, language)}{word('colon', language)}{self.value(column, value, language)}"
        )

    def column(self, column: str, language: Language) -> str:
        """Name one audited column."""
        return self.columns.get(column, {}).get(language, column)

    def value(self, column: str, value: str, language: Language) -> str:
        """Name one value of an audited column."""
        return self.values.get(column, {}).get(language, {}).get(value, value)

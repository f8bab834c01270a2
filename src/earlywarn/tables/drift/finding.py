"""One thing that differs from the last files, in figures, and in words that say what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from earlywarn.domain import Language
from earlywarn.tables.drift.rules import Level
from earlywarn.tables.drift.words import sentence_of

FoundLevel = Literal["stop", "warn", "note"]
Figures = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Finding:
    """A rule of drift that a table or one of its columns met; `column` is empty for the table as a whole.

    The figures are names, counts, shares and dates; never a value of a person.
    """

    table: str
    column: str
    rule: str
    level: FoundLevel
    figures: Figures = ()

    @property
    def name(self) -> str:
        """Return how an acceptance names the finding.

        >>> Finding("absences", "days", "unit_changed", "stop").name
        'absences.days:unit_changed'
        """
        place = f"{self.table}.{self.column}" if self.column else self.table
        return f"{place}:{self.rule}"

    def sentence(self, language: Language) -> str:
        """Say what was found and what to do, for the person who sent the files."""
        return sentence_of(self.rule, self.level, self.name, dict(self.figures), language)

    def lowered(self, level: FoundLevel, *figures: tuple[str, str]) -> Finding:
        """Return the finding at another level, with more figures."""
        return replace(self, level=level, figures=(*self.figures, *figures))


def raised(
    table: str, column: str, rule: str, level: Level, figures: Figures, *, small: bool = False
) -> list[Finding]:
    """Return the finding of a rule that was met: none where it is off, and no stop on few cells."""
    if level == "off":
        return []
    return [Finding(table, column, rule, "warn" if small and level == "stop" else level, figures)]


def shares(n: int, of: int, usual: float) -> Figures:
    """Return the figures of a share and of the usual one."""
    share = n / of if of else 0.0
    return (("n", str(n)), ("of", str(of)), ("share", f"{share:.4f}"), ("usual_share", f"{usual:.4f}"))

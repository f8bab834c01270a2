"""What an intake did with every row, by file, table and reason: plain counts and lines, never a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from earlywarn.domain import Language

MAX_LINES = 1_000
MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Refusal:
    """A source that could not be read exactly, so that nothing of its intake was stored (in English)."""

    file: str
    table: str
    what: str
    todo: str


@dataclass(frozen=True)
class FileIntake:
    """One file as it was given, and how the mapping says it is written.

    `columns` pairs each declared column with the file's own header of it, so that a clerk finds the cell.
    """

    name: str
    table: str
    digest: str = ""
    n_read: int = 0
    format: str = ""
    encoding: str = ""
    separator: str = ""
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why some rows of a file wait: the column, the reason, how many, and the first of their lines.

    `examples` are the shapes of the cells found there (`99/99/9999`), most frequent first, never the cells.
    """

    file: str
    column: str
    reason: str
    n_rows: int
    lines: tuple[int, ...]
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """Rows of a file that are none of a table's, by a declared rule: how many, and their first lines.

    `fr` and `en` say the rule in words, where it has any.
    """

    file: str
    rule: str
    n_rows: int
    lines: tuple[int, ...] = ()
    fr: str = ""
    en: str = ""

    def words(self, language: Language) -> str:
        """Return the rule in words; its name where it has none."""
        return (self.fr if language == "fr" else self.en) or self.rule.replace("_", " ")


class Finding(Protocol):
    """What a rule about the files themselves found: a column renamed, half the rows of last time.

    A level of `stop` says that nothing of the intake was stored; `warn` and `note` let it pass.
    """

    @property
    def table(self) -> str:
        """Return the table that the files give."""

    @property
    def rule(self) -> str:
        """Return the rule that was met."""

    @property
    def name(self) -> str:
        """Return how an acceptance names it: `table.column:rule`."""

    @property
    def level(self) -> Literal["stop", "warn", "note"]:
        """Return what the rule does."""

    def sentence(self, language: Language) -> str:
        """Say what was found and what to do, for the person who sent the files."""


@dataclass(frozen=True)
class TableIntake:
    """Every row read for one table, and where it went.

    `n_deleted` counts rows read that take an earlier row back, `n_gone` earlier rows that files which are
    all there is no longer hold: nobody read those.
    """

    table: str
    n_read: int
    n_new: int = 0
    n_superseding: int = 0
    n_unchanged: int = 0
    n_quarantined: int = 0
    n_duplicates: int = 0
    n_deleted: int = 0
    n_gone: int = 0
    reasons: tuple[Reason, ...] = ()
    contradictions: tuple[tuple[str, int], ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def n_accepted(self) -> int:
        """Return how many rows stand in the tables or took one back, now or already before."""
        return self.n_new + self.n_superseding + self.n_unchanged + self.n_deleted

    @property
    def n_left_out(self) -> int:
        """Return how many rows of the files are none of the table's, by a declared rule."""
        return sum(rule.n_rows for rule in self.left_out)

    @property
    def conserves(self) -> bool:
        """Say whether every row read is accounted for, in total and reason by reason."""
        in_reasons = sum(reason.n_rows for reason in self.reasons)
        total = self.n_accepted + self.n_quarantined + self.n_duplicates + self.n_left_out
        return self.n_read == total and in_reasons == self.n_quarantined

    def counts(self) -> tuple[int, ...]:
        """Return the counts in the order of the printed table."""
        accepted = (self.n_new, self.n_superseding, self.n_unchanged)
        return (self.n_read, *accepted, self.n_quarantined, self.n_duplicates)

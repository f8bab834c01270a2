"""What an intake did with every row, by file, table and reason: plain counts and lines, never a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAX_LINES = 1_000
MAX_EXAMPLES = 5

Level = Literal["warned", "stopped"]


@dataclass(frozen=True)
class Refusal:
    """Why a file, or a whole intake, was not taken in: where, what is wrong, what to do (English words)."""

    where: str
    what: str
    todo: str = ""


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
    refused: Refusal | None = None


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
    """Rows that a declared rule leaves out of a table: its name, how many, and the first of their lines."""

    file: str
    rule: str
    n_rows: int
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a rule about the files themselves found: a column renamed, half the rows of last time.

    `figures` are what the rule's words ask for (see `FINDINGS`): counts, shares, days, names of columns. A
    name that starts with `share` is written as a percentage.
    """

    table: str
    column: str
    rule: str
    level: Level
    figures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class TableIntake:
    """Every row read for one table, and where it went.

    `n_deleted` counts earlier rows that this intake took back. It is no part of what was read: a row that
    asks for a deletion is one of `n_superseding`, and a row that a whole file no longer holds was not read.
    """

    table: str
    n_read: int
    n_new: int = 0
    n_superseding: int = 0
    n_unchanged: int = 0
    n_quarantined: int = 0
    n_duplicates: int = 0
    reasons: tuple[Reason, ...] = ()
    contradictions: tuple[tuple[str, int], ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    n_deleted: int = 0

    @property
    def n_accepted(self) -> int:
        """Return how many rows stand in the tables, now or already before."""
        return self.n_new + self.n_superseding + self.n_unchanged

    @property
    def n_left_out(self) -> int:
        """Return how many rows declared rules leave out."""
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

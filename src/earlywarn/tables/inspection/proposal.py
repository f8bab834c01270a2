"""What an inspection proposes: an extract for each group of like files, with what is unsure about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from earlywarn.tables.inspection.codes import Code
from earlywarn.tables.inspection.doubts import Doubt

Value = str | int | bool | tuple[str, ...]


@dataclass(frozen=True)
class ColumnProposal:
    """A contract's column, the file's column that gives it, and the rules of its own."""

    name: str
    header: str
    rules: Mapping[str, Value] = field(default_factory=dict)
    codes: tuple[Code, ...] = ()
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class Ignored:
    """A file's column that is left out, and why."""

    header: str
    doubt: Doubt


@dataclass(frozen=True)
class ExtractProposal:
    """One extract; it cannot be used yet where `missing` names required columns that no file column gives."""

    table: str
    file: str
    reading: Mapping[str, Value]
    columns: tuple[ColumnProposal, ...]
    ignored: tuple[Ignored, ...] = ()
    missing: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """All extracts, the defaults they share, and the files that fit no table."""

    extracts: tuple[ExtractProposal, ...]
    defaults: Mapping[str, Value]
    unmatched: tuple[tuple[str, Doubt], ...] = ()

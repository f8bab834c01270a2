"""The catalog: every feature in its frozen order, with what a reason needs to say about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import cast

from earlywarn.domain import Language

Labels = Mapping[Language, Mapping[str, str]]
"""What codes are called, by language; a code without a label is called by itself."""


@dataclass(frozen=True)
class FeatureEntry:
    """One column of a matrix, and what it means.

    `comparison` is empty, `own_past` or `peers`; `sign` is the way more of the fact may push the risk; `code`
    is the level that a 0/1 column stands for, and `is_context` marks what is known to models and never a
    reason.
    """

    name: str
    indicator: str
    family: str
    function: str
    window: str
    comparison: str
    sign: int
    actionable: bool
    text: dict[Language, str]
    code: str | None = None
    min_count: int = 1
    is_context: bool = False


@dataclass(frozen=True)
class Catalog:
    """An ordered list of features; the order is the order of every matrix and model."""

    entries: tuple[FeatureEntry, ...]

    def __iter__(self) -> Iterator[FeatureEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, name: str) -> FeatureEntry:
        return self.by_name[name]

    @property
    def by_name(self) -> dict[str, FeatureEntry]:
        """Return the entries by feature name."""
        return {entry.name: entry for entry in self.entries}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the feature names in their frozen order."""
        return tuple(entry.name for entry in self.entries)

    def to_json(self) -> str:
        """Return the catalog as JSON text, the same bytes for the same catalog."""
        return json.dumps([asdict(entry) for entry in self.entries], ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Catalog:
        """Read what `to_json` wrote."""
        return cls(tuple(FeatureEntry(**cast("dict[str, object]", item)) for item in json.loads(text)))  # type: ignore[arg-type]


def slug(code: str) -> str:
    """Write a code as it may stand in a feature's name; what is not ASCII is spelled by its code points.

    >>> slug("Sec. 3"), slug("10-20%"), slug("été")
    ('sec_3', '10_20', 'ue9tue9')
    """
    ascii_only = "".join(letter if letter.isascii() else f"u{ord(letter):x}" for letter in code.lower())
    return re.sub(r"[^a-z0-9]+", "_", ascii_only).strip("_") or "empty"

"""The runs that a process has read: each once, because a run never changes and its words are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from earlywarn.scoring import Phrases
from earlywarn.store.risks import WORDS, CurrentRun

_MOST = 64
COLUMNS = tuple(one.name for one in fields(CurrentRun) if one.name != "phrases")
"""What is stored of a run; its words are among the facts."""


@dataclass(frozen=True)
class KnownRuns:
    """Remember runs, for threads and the event loop alike; which of them is in use, the database says."""

    _found: dict[int, CurrentRun] = field(default_factory=dict)

    def get(self, run_id: int) -> CurrentRun | None:
        """Return a run; None where it has not been read, or is forgotten."""
        return self._found.get(run_id)

    def keep(self, stored: Mapping[str, Any]) -> CurrentRun:
        """Return a run as it is stored, in full, and remember it."""
        facts = dict(stored["facts"])
        words = facts.pop(WORDS, None)
        phrases = None if words is None else Phrases.from_json(words)
        run = CurrentRun(**{**stored, "facts": facts, "phrases": phrases})
        if len(self._found) >= _MOST:
            self._found.clear()
        self._found[run.run_id] = run
        return run

"""Record what tuning tried, so that a run can be read and redone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """One setting of one candidate, and what it lost on the inner splits it was tried on."""

    candidate: str
    number: int
    settings: Mapping[str, float]
    loss: float
    """Mean log loss over the inner test rows; lower is better."""
    splits: str
    """The inner splits it was tried on, by name."""
    is_best: bool = False

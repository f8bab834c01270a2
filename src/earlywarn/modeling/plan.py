"""What a spec asks of a back-test, whatever split it stands on."""

from __future__ import annotations

from dataclasses import dataclass

from earlywarn.evaluation import Tolerance
from earlywarn.modeling.sampling import MOST_ROWS
from earlywarn.modeling.simple import Points


@dataclass(frozen=True)
class Plan:
    """What a spec asks of a back-test."""

    publishable: tuple[str, ...]
    points: Points | None
    test: tuple[str, ...]
    share: float
    tolerance: Tolerance
    held_out_share: float = 0.2
    with_and_without: bool = False
    """Also fit a copy that knows the audited columns, to say what leaving them out costs."""
    most_rows: int = MOST_ROWS

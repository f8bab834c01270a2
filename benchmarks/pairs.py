"""Time two ways of doing the same side by side: turn and turn about, in processor time, medians of rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ROUNDS = 5


@dataclass(frozen=True)
class Pair:
    """Microseconds a row of ours and of theirs, each the median of its rounds; and the rounds' own ratios."""

    ours: float
    theirs: float
    ratios: tuple[float, ...]

    @property
    def times_faster(self) -> float:
        """Return how many times ours is as fast: the median of the rounds' ratios."""
        return statistics.median(self.ratios)

    def spread(self) -> str:
        """Say between which ratios the rounds lay."""
        return f"{min(self.ratios):.1f} to {max(self.ratios):.1f}"


def timed(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    n_ours: int,
    n_theirs: int,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.process_time,
) -> Pair:
    """Run both in turn, and set their times for each of their rows side by side.

    Args:
        ours: What is ours, on `n_ours` rows.
        theirs: What it is set beside, on `n_theirs` rows; a slow peer may have fewer.
        n_ours: Rows of each call of ours.
        n_theirs: Rows of each call of theirs.
        rounds: How often.
        clock: Processor time, where each side has one thread; wall time, where sides are servers.
    """
    times = [
        (_once(ours, clock) / n_ours * 1e6, _once(theirs, clock) / n_theirs * 1e6) for _ in range(rounds)
    ]
    return Pair(
        statistics.median(one for one, _ in times),
        statistics.median(other for _, other in times),
        tuple(other / one for one, other in times),
    )


def _once(what: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    what()
    return clock() - start


def same(ours: np.ndarray, theirs: np.ndarray, *, within: float) -> float:
    """Return the largest difference of two answers.

    Raises:
        SystemExit: They are not the same; a figure of other answers would say nothing.
    """
    largest = float(np.abs(ours - theirs).max())
    if not largest <= within:
        raise SystemExit(f"the answers differ by {largest:.1e}, more than {within:.0e}")
    return largest

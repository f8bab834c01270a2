"""Lay the chosen model's lists over those of something simpler: what each finds that the other misses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags
from earlywarn.evaluation.figures import Draws, Figure, ratio_figure
from earlywarn.evaluation.measures import Scored, verdict_of


@dataclass(frozen=True)
class Overlap:
    """The chosen model's lists beside another's; both have the same places, so each misses as many names."""

    other: str
    n_both: int
    n_only_ours: int
    n_only_theirs: int
    hits_both: int
    hits_only_ours: int
    hits_only_theirs: int
    shared: Figure
    """Of the names on our lists, the share that the other's lists name too."""
    precision_only_ours: Figure
    precision_only_theirs: Figure
    precision_gain: Figure
    """By how much the precision of our lists exceeds that of the other's, paired."""
    verdict: str


def overlap_of(chosen: Scored, other: Scored, label: Flags, draws: Draws) -> Overlap:
    """Compare the lists of two models on the same rows."""
    ours, theirs = chosen.lists.listed, other.lists.listed
    both, only_ours, only_theirs = ours & theirs, ours & ~theirs, theirs & ~ours
    more = (ours & label).astype(np.float64) - (theirs & label)
    gain = ratio_figure(more, ours, draws)
    return Overlap(
        other=other.name,
        n_both=int(both.sum()),
        n_only_ours=int(only_ours.sum()),
        n_only_theirs=int(only_theirs.sum()),
        hits_both=int((both & label).sum()),
        hits_only_ours=int((only_ours & label).sum()),
        hits_only_theirs=int((only_theirs & label).sum()),
        shared=ratio_figure(both, ours, draws),
        precision_only_ours=ratio_figure(only_ours & label, only_ours, draws),
        precision_only_theirs=ratio_figure(only_theirs & label, only_theirs, draws),
        precision_gain=gain,
        verdict=verdict_of(gain),
    )

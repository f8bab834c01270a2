"""Say what chance decides at the cut: precision if every tie fell well, and if every tie fell badly.

`Lists.best` spreads a list's hits over its names, so it varies with schools only; here each row has its own
part, so that intervals hold whatever is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats, Indexes
from earlywarn.evaluation.capacity import Lists
from earlywarn.evaluation.figures import Draws, Figure, ratio_figure


@dataclass(frozen=True)
class Ties:
    """Precision with ties best and worst, and how many listed names chance alone put there."""

    n_by_rule: int
    """Names that the tie rule chose among equals."""
    precision_best: Figure
    precision_worst: Figure


def ties_of(lists: Lists, margin: Floats, label: Flags, codes: Indexes, draws: Draws) -> Ties:
    """Measure what ties at the cut leave open.

    Args:
        lists: The lists, cut.
        margin: What they were cut by.
        label: What came true.
        codes: The number of each row's list, in the order of `lists.counts`.
        draws: What intervals draw.
    """
    listed = lists.listed
    cut = np.full(len(lists.counts), np.inf)
    np.minimum.at(cut, codes[listed], margin[listed])
    above, tied = margin > cut[codes], margin == cut[codes]
    hits = _per_list(tied & label, codes, cut.size)
    misses = _per_list(tied & ~label, codes, cut.size)
    places = _per_list(tied & listed, codes, cut.size)
    # Equals share the places: each row holds its part of them, and each tied hit its part of the hits.
    held = above + tied * (places / np.maximum(hits + misses, 1))[codes]
    best = (np.minimum(places, hits) / np.maximum(hits, 1))[codes]
    worst = (np.maximum(places - misses, 0) / np.maximum(hits, 1))[codes]
    chosen = tied & listed & (hits + misses > places)[codes]
    return Ties(
        n_by_rule=int(chosen.sum()),
        precision_best=ratio_figure((above + tied * best) * label, held, draws),
        precision_worst=ratio_figure((above + tied * worst) * label, held, draws),
    )


def _per_list(flags: Flags, codes: Indexes, n: int) -> Floats:
    return np.asarray(np.bincount(codes, weights=flags, minlength=n), dtype=np.float64)

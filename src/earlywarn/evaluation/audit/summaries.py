"""Say how far apart a column's groups lie at most, in fairlearn's own measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats
from earlywarn.evaluation.audit.entries import LargestGaps
from earlywarn.evaluation.audit.grouping import Grouping


def largest_gaps(
    model: str, listed: Flags, label: Flags, grouping: Grouping, judged: Flags
) -> LargestGaps | None:
    """Return the largest differences between the judged groups of a column; None where there are not two.

    fairlearn reads the four counts of each group as weighted rows: its own tables of a row per student would
    cost a pass in pandas for every measure.
    """
    if int(judged.sum()) < 2:
        return None
    # Imported here: the process that serves must load neither fairlearn nor the pandas under it.
    from fairlearn.metrics import (
        demographic_parity_ratio,
        equal_opportunity_difference,
        equalized_odds_difference,
    )

    rows = _counts(listed, label, grouping, np.flatnonzero(judged).tolist())
    truth, said, group, weight = (rows[:, place] for place in range(4))
    asked = {"sensitive_features": group, "sample_weight": weight}
    return LargestGaps(
        model=model,
        column=grouping.name,
        equalized_odds=float(equalized_odds_difference(truth, said, **asked)),
        equal_opportunity=float(equal_opportunity_difference(truth, said, **asked)),
        listed_ratio=float(demographic_parity_ratio(truth, said, **asked)),
    )


def _counts(listed: Flags, label: Flags, grouping: Grouping, groups: Sequence[int]) -> Floats:
    """Return one row per group, outcome and place on a list: both, the group, and how many rows."""
    known = grouping.known
    cells = grouping.codes[known] * 4 + label[known] * 2 + listed[known]
    counts = np.bincount(cells, minlength=4 * len(grouping.values))
    rows = [(cell // 2, cell % 2, group, counts[4 * group + cell]) for group in groups for cell in range(4)]
    return np.array(rows, dtype=np.float64)

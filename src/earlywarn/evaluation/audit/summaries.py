"""Say how far apart a column's groups lie at most, by fairlearn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats
from earlywarn.evaluation.audit.entries import LargestGaps
from earlywarn.evaluation.audit.grouping import Grouping


def largest_gaps(listed: Flags, label: Flags, grouping: Grouping, judged: Flags) -> LargestGaps | None:
    """Return the largest differences between the judged groups of a column; None where there are not two.

    fairlearn reads the four counts of each group as weighted rows: a row per student would cost it a pass in
    pandas for every group and measure.
    """
    if int(judged.sum()) < 2:
        return None
    # Imported here: the process that serves must load neither fairlearn nor the pandas under it.
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    rows = _counts(listed, label, grouping, np.flatnonzero(judged).tolist())
    truth, said, group, weight = (rows[:, place] for place in range(4))
    metrics = {"tpr": true_positive_rate, "fpr": false_positive_rate, "listed": selection_rate}
    frame = MetricFrame(
        metrics=metrics,
        y_true=truth,
        y_pred=said,
        sensitive_features=group,
        sample_params={name: {"sample_weight": weight} for name in metrics},
    )
    differences, ratios = frame.difference(), frame.ratio()
    return LargestGaps(
        column=grouping.name,
        equalized_odds=float(max(differences["tpr"], differences["fpr"])),
        equal_opportunity=float(differences["tpr"]),
        listed_ratio=float(ratios["listed"]),
    )


def _counts(listed: Flags, label: Flags, grouping: Grouping, groups: Sequence[int]) -> Floats:
    """Return one row per group, outcome and place on a list: both, the group, and how many rows."""
    known = grouping.known
    cells = grouping.codes[known] * 4 + label[known] * 2 + listed[known]
    counts = np.bincount(cells, minlength=4 * len(grouping.values))
    rows = [(cell // 2, cell % 2, group, counts[4 * group + cell]) for group in groups for cell in range(4)]
    return np.array(rows, dtype=np.float64)

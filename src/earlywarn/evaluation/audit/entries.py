"""Hold what the audit found, as plain values of the quality sheet."""

from __future__ import annotations

from dataclasses import dataclass

from earlywarn.evaluation.audit.copies import WithAndWithout
from earlywarn.evaluation.audit.verdicts import Gap
from earlywarn.evaluation.calibration import CalibrationSheet
from earlywarn.evaluation.figures import Figure


@dataclass(frozen=True)
class GroupFigures:
    """One group, or one crossing of two: counts, rates with intervals, and what may be said about it."""

    column: str
    group: str
    n: int
    n_positive: int
    n_students: int
    n_listed: int
    base_rate: float
    auc: Figure
    """Over pairs of the group at the same moment."""
    share_listed: Figure
    precision: Figure
    """At capacity: how many of the group's listed units had the outcome."""
    recall: Figure
    """True-positive rate: how many of those with the outcome were listed."""
    false_positive_rate: Figure
    calibration: CalibrationSheet | None
    """None where the group is not judged."""
    calibration_gap: Gap
    """Mean risk minus rate: above zero, the group's risks are said too high."""
    recall_gap: Gap
    """Recall minus that of everybody else in the same column; the other gaps likewise."""
    false_positive_gap: Gap
    precision_gap: Gap
    share_gap: Gap
    calibration_verdict: str
    """within, outside or cannot tell, as is `rates_verdict`, which judges recall and false-positive rate."""
    rates_verdict: str
    rules_recall_gap: Figure | None = None
    """The same gap of the lists that the rules in use would make; None without rules."""
    rules_false_positive_gap: Figure | None = None
    against_rules: str | None = None
    """wider, no wider or cannot tell: the model's gaps beside those of the rules, by paired intervals."""


@dataclass(frozen=True)
class LargestGaps:
    """The largest differences between the judged groups of a column, as fairlearn defines them."""

    column: str
    equalized_odds: float
    """The wider of the largest differences in true-positive and in false-positive rates."""
    equal_opportunity: float
    """The largest difference in true-positive rates."""
    listed_ratio: float
    """The smallest share listed over the largest."""


@dataclass(frozen=True)
class Judged:
    """How many groups of a column are judged together, and how often chance may call one of them outside."""

    column: str
    n_groups: int
    n_judged: int
    n_gaps: int
    false_alarms: float
    level: float
    """Of each gap's corrected interval."""


@dataclass(frozen=True)
class AuditSheet:
    """The audit beyond single groups: what verdicts promise, crossings, and what leaving columns out cost."""

    judged: tuple[Judged, ...]
    judged_crossings: tuple[Judged, ...]
    n_small: int
    """Crossings of fewer students than may be shown: counted, and neither named nor judged."""
    n_rows_small: int
    smallest: int
    crossings: tuple[GroupFigures, ...]
    largest_gaps: tuple[LargestGaps, ...]
    with_and_without: WithAndWithout | None = None

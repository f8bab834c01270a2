"""Audit a model per group of students and per crossing of two groups; never says what a gap comes from."""

from __future__ import annotations

from earlywarn.evaluation.audit.copies import GroupChange, WithAndWithout, with_and_without
from earlywarn.evaluation.audit.entries import AuditSheet, GroupFigures, Judged, LargestGaps
from earlywarn.evaluation.audit.grouping import CROSS, Grouping, groupings
from earlywarn.evaluation.audit.pairs import pair_aucs, pair_rows
from earlywarn.evaluation.audit.verdicts import Gap, Tolerance
from earlywarn.evaluation.audit.whole import Audit, audit_groups

__all__ = [
    "CROSS",
    "Audit",
    "AuditSheet",
    "Gap",
    "GroupChange",
    "GroupFigures",
    "Grouping",
    "Judged",
    "LargestGaps",
    "Tolerance",
    "WithAndWithout",
    "audit_groups",
    "groupings",
    "pair_aucs",
    "pair_rows",
    "with_and_without",
]

"""Measure risks against what came true: at capacity, as rates, per group, beside baselines.

Pure numbers in, plain values out; never fits a model and never reads a table.
"""

from earlywarn.evaluation.arrays import Days, Flags, Floats, Indexes, Words, codes_of, crossed, distinct
from earlywarn.evaluation.calibration import calibration_of, fit_line, logit
from earlywarn.evaluation.capacity import TIE_RULE, capacity_of, cut_lists, tie_order
from earlywarn.evaluation.card import CardProse, GroupNames, card_markdown, unsure_of
from earlywarn.evaluation.cuts import CutPoint, CutPoints
from earlywarn.evaluation.figures import Draws, Figure, Ranking, draw_clusters, interval
from earlywarn.evaluation.folds import FoldFigures, FoldsSheet, fold_statement
from earlywarn.evaluation.gates import Gates, closed_gates
from earlywarn.evaluation.measures import (
    Comparison,
    Metrics,
    MomentAucs,
    Scored,
    TestRows,
    by_word,
    compare,
    draws_for,
    measure,
    moment_aucs,
    score_rows,
    verdict_of,
)
from earlywarn.evaluation.sheet import (
    Backtest,
    CandidateSheet,
    HeldOut,
    LeftOutSheet,
    QualitySheet,
    sheet_json,
)
from earlywarn.evaluation.subgroups import GroupFigures, Tolerance, audit_groups
from earlywarn.evaluation.table import sheet_table

__all__ = [
    "TIE_RULE",
    "Backtest",
    "CandidateSheet",
    "CardProse",
    "Comparison",
    "CutPoint",
    "CutPoints",
    "Days",
    "Draws",
    "Figure",
    "Flags",
    "Floats",
    "FoldFigures",
    "FoldsSheet",
    "Gates",
    "GroupFigures",
    "GroupNames",
    "HeldOut",
    "Indexes",
    "LeftOutSheet",
    "Metrics",
    "MomentAucs",
    "QualitySheet",
    "Ranking",
    "Scored",
    "TestRows",
    "Tolerance",
    "Words",
    "audit_groups",
    "by_word",
    "calibration_of",
    "capacity_of",
    "card_markdown",
    "closed_gates",
    "codes_of",
    "compare",
    "crossed",
    "cut_lists",
    "distinct",
    "draw_clusters",
    "draws_for",
    "fit_line",
    "fold_statement",
    "interval",
    "logit",
    "measure",
    "moment_aucs",
    "score_rows",
    "sheet_json",
    "sheet_table",
    "tie_order",
    "unsure_of",
    "verdict_of",
]

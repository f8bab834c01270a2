"""Measure risks against what came true: at capacity, as rates, per group, beside baselines.

Pure numbers in, plain values out; never fits a model and never reads a table.
"""

from earlywarn.evaluation.arrays import Days, Flags, Floats, Indexes, Words, codes_of, crossed
from earlywarn.evaluation.audit import (
    Audit,
    AuditSheet,
    GroupFigures,
    Tolerance,
    WithAndWithout,
    audit_groups,
    with_and_without,
)
from earlywarn.evaluation.calibration import calibration_of, fit_line, logit
from earlywarn.evaluation.calibration_bounds import Bounds
from earlywarn.evaluation.calibration_facts import CalibrationFacts, calibration_facts
from earlywarn.evaluation.capacity import TIE_RULE, capacity_of, cut_lists, tie_order
from earlywarn.evaluation.cards import (
    FEATURES,
    CardProse,
    GroupNames,
    Pictures,
    candidate_name,
    card_markdown,
    card_page,
    not_for_page,
    unsure_of,
)
from earlywarn.evaluation.cuts import CutPoint, CutPoints
from earlywarn.evaluation.figures import Draws, Figure, Ranking, draw_clusters, interval
from earlywarn.evaluation.folds import FoldFigures, FoldsSheet, fold_statement
from earlywarn.evaluation.gates import Gate, Gates, judged
from earlywarn.evaluation.leaks import DETECTORS, Finding, LeakLimits, LeakVerdict, number_in, stop_at
from earlywarn.evaluation.list_curves import CandidateCurve, ListCurves, list_curves
from earlywarn.evaluation.lists import ListsSheet, lists_sheet
from earlywarn.evaluation.lists_text import list_lines
from earlywarn.evaluation.measures import (
    FEWEST_SCHOOLS,
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
from earlywarn.evaluation.school_and_grade import SchoolAndGrade, beside_school_and_grade, crossed_codes
from earlywarn.evaluation.sheet import (
    Backtest,
    CandidateSheet,
    HeldOut,
    LeftOutSheet,
    QualitySheet,
    sheet_json,
)
from earlywarn.evaluation.table import sheet_table
from earlywarn.evaluation.unit_days import UnitDays

__all__ = [
    "DETECTORS",
    "FEATURES",
    "FEWEST_SCHOOLS",
    "TIE_RULE",
    "Audit",
    "AuditSheet",
    "Backtest",
    "Bounds",
    "CalibrationFacts",
    "CandidateCurve",
    "CandidateSheet",
    "CardProse",
    "Comparison",
    "CutPoint",
    "CutPoints",
    "Days",
    "Draws",
    "Figure",
    "Finding",
    "Flags",
    "Floats",
    "FoldFigures",
    "FoldsSheet",
    "Gate",
    "Gates",
    "GroupFigures",
    "GroupNames",
    "HeldOut",
    "Indexes",
    "LeakLimits",
    "LeakVerdict",
    "LeftOutSheet",
    "ListCurves",
    "ListsSheet",
    "Metrics",
    "MomentAucs",
    "Pictures",
    "QualitySheet",
    "Ranking",
    "SchoolAndGrade",
    "Scored",
    "TestRows",
    "Tolerance",
    "UnitDays",
    "WithAndWithout",
    "Words",
    "audit_groups",
    "beside_school_and_grade",
    "by_word",
    "calibration_facts",
    "calibration_of",
    "candidate_name",
    "capacity_of",
    "card_markdown",
    "card_page",
    "codes_of",
    "compare",
    "crossed",
    "crossed_codes",
    "cut_lists",
    "draw_clusters",
    "draws_for",
    "fit_line",
    "fold_statement",
    "interval",
    "judged",
    "list_curves",
    "list_lines",
    "lists_sheet",
    "logit",
    "measure",
    "moment_aucs",
    "not_for_page",
    "number_in",
    "score_rows",
    "sheet_json",
    "sheet_table",
    "stop_at",
    "tie_order",
    "unsure_of",
    "verdict_of",
    "with_and_without",
]

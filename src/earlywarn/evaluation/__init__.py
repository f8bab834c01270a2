"""Measure risks against what came true: at capacity, as rates, per group, beside baselines.

Pure numbers in, plain values out; never fits a model and never reads a table.
"""

from earlywarn.evaluation.abstention import AbstentionSheet, abstention_sheet
from earlywarn.evaluation.acted_on import (
    ACTED_ON,
    NOT_ACTED_ON,
    NOT_LISTED,
    ActedOnFigures,
    acted_on_apart,
)
from earlywarn.evaluation.arrays import (
    Days,
    Flags,
    Floats,
    Indexes,
    Words,
    codes_of,
    crossed,
    crossed_codes,
    distinct,
)
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
from earlywarn.evaluation.leaks import DETECTORS, Finding, LeakLimits, LeakVerdict, stop_at
from earlywarn.evaluation.list_curves import CandidateCurve, ListCurves, list_curves
from earlywarn.evaluation.lists import ListsSheet, lists_sheet
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
)
from earlywarn.evaluation.rules_gates import rules_gates
from earlywarn.evaluation.rules_sheet import (
    RuleSheet,
    RulesSheet,
    is_rules,
    nothing_measured,
    rules_table,
)
from earlywarn.evaluation.school_and_grade import SchoolAndGrade, beside_school_and_grade
from earlywarn.evaluation.shadow import (
    HeldOutPair,
    Listing,
    ShadowReport,
    Why,
    mean_by_indicator,
    mean_risk_change,
    moves_by,
    moves_of,
    rank_correlation,
    reasons_to_move,
    side_sheet,
)
from earlywarn.evaluation.shadow_page import shadow_page
from earlywarn.evaluation.shadow_text import head_lines, shadow_text
from earlywarn.evaluation.sheet import (
    Backtest,
    CandidateSheet,
    HeldOut,
    LeftOutSheet,
    QualitySheet,
    sheet_json,
)
from earlywarn.evaluation.steps import STEPS
from earlywarn.evaluation.table import sheet_table
from earlywarn.evaluation.text import chosen_of, number
from earlywarn.evaluation.unit_days import UnitDays

__all__ = [
    "ACTED_ON",
    "DETECTORS",
    "FEATURES",
    "FEWEST_SCHOOLS",
    "NOT_ACTED_ON",
    "NOT_LISTED",
    "STEPS",
    "TIE_RULE",
    "AbstentionSheet",
    "ActedOnFigures",
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
    "HeldOutPair",
    "Indexes",
    "LeakLimits",
    "LeakVerdict",
    "LeftOutSheet",
    "ListCurves",
    "Listing",
    "ListsSheet",
    "Metrics",
    "MomentAucs",
    "Pictures",
    "QualitySheet",
    "Ranking",
    "RuleSheet",
    "RulesSheet",
    "SchoolAndGrade",
    "Scored",
    "ShadowReport",
    "TestRows",
    "Tolerance",
    "UnitDays",
    "Why",
    "WithAndWithout",
    "Words",
    "abstention_sheet",
    "acted_on_apart",
    "audit_groups",
    "beside_school_and_grade",
    "by_word",
    "calibration_facts",
    "calibration_of",
    "candidate_name",
    "capacity_of",
    "card_markdown",
    "card_page",
    "chosen_of",
    "codes_of",
    "compare",
    "crossed",
    "crossed_codes",
    "cut_lists",
    "distinct",
    "draw_clusters",
    "draws_for",
    "fit_line",
    "fold_statement",
    "head_lines",
    "interval",
    "is_rules",
    "judged",
    "list_curves",
    "lists_sheet",
    "logit",
    "mean_by_indicator",
    "mean_risk_change",
    "measure",
    "moment_aucs",
    "moves_by",
    "moves_of",
    "not_for_page",
    "nothing_measured",
    "number",
    "rank_correlation",
    "reasons_to_move",
    "rules_gates",
    "rules_table",
    "score_rows",
    "shadow_page",
    "shadow_text",
    "sheet_json",
    "sheet_table",
    "side_sheet",
    "stop_at",
    "tie_order",
    "unsure_of",
    "with_and_without",
]

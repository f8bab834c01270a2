"""Scores, exact attributions, reasons with evidence, and rosters; knows nothing of training."""

from earlywarn.scoring.batches import SCORES, score_features
from earlywarn.scoring.calibration import NO_RISK, Calibrator, calibrator_from
from earlywarn.scoring.explanations import Budget, LeafTables, compile_trees
from earlywarn.scoring.points import phrases_of, point_rules, reasons_for, tell
from earlywarn.scoring.published import RULES, Abstention, PublishedModel
from earlywarn.scoring.risk_ranges import RiskRange, risk_range_from
from earlywarn.scoring.roster import TIE_RULE, capacity_of, cut_rosters
from earlywarn.scoring.scores import (
    TOO_LITTLE_DATA,
    Score,
    ScoredBatch,
    can_compile,
    score_batch,
    score_rows,
    score_values,
    values_of,
)
from earlywarn.scoring.telling import Evidence, Phrases, Reason, reasons_json
from earlywarn.scoring.terms import CurveTerms, LinearTerms, curve_terms, linear_terms
from earlywarn.scoring.trees import Tree, TreeModel, read_trees
from earlywarn.scoring.wording import (
    indicator_in_words,
    number_in_words,
    range_in_words,
    share_in_words,
    window_in_words,
)

__all__ = [
    "NO_RISK",
    "RULES",
    "SCORES",
    "TIE_RULE",
    "TOO_LITTLE_DATA",
    "Abstention",
    "Budget",
    "Calibrator",
    "CurveTerms",
    "Evidence",
    "LeafTables",
    "LinearTerms",
    "Phrases",
    "PublishedModel",
    "Reason",
    "RiskRange",
    "Score",
    "ScoredBatch",
    "Tree",
    "TreeModel",
    "calibrator_from",
    "can_compile",
    "capacity_of",
    "compile_trees",
    "curve_terms",
    "cut_rosters",
    "indicator_in_words",
    "linear_terms",
    "number_in_words",
    "phrases_of",
    "point_rules",
    "range_in_words",
    "read_trees",
    "reasons_for",
    "reasons_json",
    "risk_range_from",
    "score_batch",
    "score_features",
    "score_rows",
    "score_values",
    "share_in_words",
    "tell",
    "values_of",
    "window_in_words",
]

"""Scores, exact attributions, reasons with evidence, and rosters; knows nothing of training."""

from earlywarn.scoring.calibration import Calibrator, calibrator_from
from earlywarn.scoring.explanations import LeafTables, compile_trees
from earlywarn.scoring.published import (
    Abstention,
    CurveTerms,
    LinearTerms,
    PublishedModel,
    curve_terms,
    linear_terms,
)
from earlywarn.scoring.reasons import Evidence, Reason, reasons_for
from earlywarn.scoring.roster import TIE_RULE, Place, capacity_of, cut_rosters
from earlywarn.scoring.scores import TOO_LITTLE_DATA, Score, score_rows, score_values, values_of
from earlywarn.scoring.trees import Tree, TreeModel, read_trees
from earlywarn.scoring.wording import number_in_words, share_in_words, window_in_words

__all__ = [
    "TIE_RULE",
    "TOO_LITTLE_DATA",
    "Abstention",
    "Calibrator",
    "CurveTerms",
    "Evidence",
    "LeafTables",
    "LinearTerms",
    "Place",
    "PublishedModel",
    "Reason",
    "Score",
    "Tree",
    "TreeModel",
    "calibrator_from",
    "capacity_of",
    "compile_trees",
    "curve_terms",
    "cut_rosters",
    "linear_terms",
    "number_in_words",
    "read_trees",
    "reasons_for",
    "score_rows",
    "score_values",
    "share_in_words",
    "values_of",
    "window_in_words",
]

"""Fit models along time: spec, splits, candidates, calibration, back-test, and the bundle they leave.

Never reads a table and never writes but the bundle's folder; serving does not import this room.
"""

from earlywarn.modeling.backtest import Outcomes, run_backtest
from earlywarn.modeling.boosting import Boosting, FitTrees, Taught, fit_boosting, parameters, tree_text
from earlywarn.modeling.bundle import Bundle, BundleParts, read_bundle, write_bundle
from earlywarn.modeling.calibration_choice import fit_calibrator
from earlywarn.modeling.calibrators import Beta, Calibrator, Identity, Isotonic, NoRisk, Sigmoid
from earlywarn.modeling.candidates import Fitting, prepare
from earlywarn.modeling.fitted import FittedModel, LinearTerm
from earlywarn.modeling.matrix_rows import ANSWERED, is_known, with_answers
from earlywarn.modeling.plan import Plan
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.rules_roster import RulesRoster, rules_roster
from earlywarn.modeling.spec import ModelSpec, load_spec
from earlywarn.modeling.splits import Split, inner_splits, latest_tested, time_split
from earlywarn.modeling.tested import Tested
from earlywarn.modeling.training import Trained, back_test, train_model
from earlywarn.modeling.trials import Trial

__all__ = [
    "ANSWERED",
    "Beta",
    "Boosting",
    "Bundle",
    "BundleParts",
    "Calibrator",
    "FitTrees",
    "FittedModel",
    "Fitting",
    "Identity",
    "Isotonic",
    "LabeledRows",
    "LinearTerm",
    "ModelSpec",
    "NoRisk",
    "Outcomes",
    "Plan",
    "RulesRoster",
    "Sigmoid",
    "Split",
    "Taught",
    "Tested",
    "Trained",
    "Trial",
    "back_test",
    "fit_boosting",
    "fit_calibrator",
    "inner_splits",
    "is_known",
    "latest_tested",
    "load_spec",
    "parameters",
    "prepare",
    "read_bundle",
    "rules_roster",
    "run_backtest",
    "time_split",
    "train_model",
    "tree_text",
    "with_answers",
    "write_bundle",
]

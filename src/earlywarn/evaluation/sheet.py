"""Hold a whole back-test as plain values, and turn it into JSON and back."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from earlywarn.evaluation.abstention import AbstentionSheet
from earlywarn.evaluation.acted_on import ActedOnFigures
from earlywarn.evaluation.audit import AuditSheet, GroupFigures
from earlywarn.evaluation.calibration_facts import CalibrationFacts
from earlywarn.evaluation.cuts import CutPoints
from earlywarn.evaluation.folds import FoldsSheet
from earlywarn.evaluation.leaks import Finding
from earlywarn.evaluation.list_curves import ListCurves
from earlywarn.evaluation.lists import ListsSheet
from earlywarn.evaluation.measures import Comparison, Metrics
from earlywarn.evaluation.school_and_grade import SchoolAndGrade


@dataclass(frozen=True)
class CandidateSheet:
    """One candidate or baseline on the held-out rows."""

    name: str
    overall: Metrics
    """All moments together; its AUC is the mean over moments."""
    by_moment: dict[str, Metrics]
    settings: dict[str, Any]


@dataclass(frozen=True)
class HeldOut:
    """The chosen model on schools that its training never saw."""

    how: str
    n_schools: int
    metrics: Metrics
    seen: Metrics | None


@dataclass(frozen=True)
class Backtest:
    """One protocol: what was trained on, what was held out, and how everything did."""

    protocol: str
    """strict, accepted where periods overlap, or by what groups folds leave out."""
    trained_on: tuple[str, ...]
    tested_on: tuple[str, ...]
    tested_from: str
    moments: tuple[str, ...]
    """In the order of their days."""
    inner: str
    """What choice, tuning and calibration stood on inside the past."""
    intervals_over: str
    n_train: int
    n_positive: int
    n_features: int
    chosen: str
    chosen_because: str
    inner_auc: dict[str, float]
    candidates: tuple[CandidateSheet, ...]
    comparisons: tuple[Comparison, ...]
    by_grade: dict[str, Metrics]
    groups: tuple[GroupFigures, ...]
    held_out: tuple[HeldOut, ...]
    folds: FoldsSheet | None = None
    """How rows were cut where the split is not by time."""
    cut_points: tuple[CutPoints, ...] = ()
    """Where the outcome is a lowest share: what each split fitted on its training rows."""
    acted_on: tuple[ActedOnFigures, ...] = ()
    """Those whom staff acted on, those they did not, and those not listed; nothing without answers."""
    lists: ListsSheet | None = None
    """What a school sees: lists, how early they name whom, and how they change."""
    audit: AuditSheet | None = None
    """What verdicts on groups promise, crossings of two groups, and what leaving audited columns out cost."""
    school_and_grade: SchoolAndGrade | None = None
    """What the school and the grade alone would tell, and what the individual score adds."""
    calibration: CalibrationFacts | None = None
    """The chosen model's calibration beside chance and beside the past's base rate."""
    list_curves: ListCurves | None = None
    """Precision and recall of all candidates for lists of other sizes."""

    def candidate(self, name: str) -> CandidateSheet:
        """Return the sheet of one candidate."""
        return next(one for one in self.candidates if one.name == name)


@dataclass(frozen=True)
class LeftOutSheet:
    """Whom a declared rule left out of the cohort, counted, and why in both languages."""

    n_rows: int
    n_units: int
    because: dict[str, str]


@dataclass(frozen=True)
class QualitySheet:
    """All that is known of a model's quality, protocol by protocol; the first one leads."""

    network: str
    model: str
    outcome: dict[str, str]
    capacity_share: float
    capacity_per: tuple[str, ...]
    tie_rule: str
    n_abstained: int
    n_unlabeled: int
    backtests: tuple[Backtest, ...]
    notes: tuple[str, ...] = ()
    left_out: LeftOutSheet | None = None
    abstention: AbstentionSheet | None = None
    """Who is not scored for lack of data, and where; None where everybody is."""
    leaks: tuple[Finding, ...] = ()
    """What the leak detectors of this training found."""


def sheet_json(sheet: QualitySheet) -> str:
    """Write a sheet as JSON with sorted keys; what cannot be told is null."""
    content = plain(asdict(sheet))
    for one, backtest in zip(content["backtests"], sheet.backtests, strict=True):
        # A rounded cut-point would judge otherwise whoever stands right at it.
        one["cut_points"] = [asdict(cuts) for cuts in backtest.cut_points]
        if one["folds"] is None:
            del one["folds"]
        elif not one["folds"]["along_time"]:
            del one["folds"]["along_time"]
        for name in ("cut_points", "acted_on"):
            if not one[name]:
                del one[name]
        if one["list_curves"] is not None:
            one["list_curves"] = plain(one["list_curves"], 4)
        for name in ("lists", "calibration", "audit", "school_and_grade", "list_curves"):
            if one[name] is None:
                del one[name]
    for name in ("left_out", "abstention"):
        if content[name] is None:
            del content[name]
    if not content["leaks"]:
        del content["leaks"]
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def plain(value: Any, places: int = 6) -> Any:
    """Return a value as JSON holds it: six decimals, and null for what cannot be told."""
    if isinstance(value, dict):
        return {key: plain(item, places) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, places) for item in value]
    if isinstance(value, float):
        return round(value, places) if math.isfinite(value) else None
    return value

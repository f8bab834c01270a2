"""Train one declared model on a matrix: back-test, choose, refit on everything known, calibrate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from earlywarn.domain import Language, Progress, no_progress
from earlywarn.evaluation import TIE_RULE, Finding, Flags, Indexes, LeftOutSheet, QualitySheet, stop_at
from earlywarn.features import LeftOut, Matrix
from earlywarn.modeling.backtest import Outcomes, run_backtest
from earlywarn.modeling.bounded import drawn, margins_of, thinned
from earlywarn.modeling.bundle import quantiles_by_column
from earlywarn.modeling.calibrating import final_calibration
from earlywarn.modeling.calibrators import Calibrator
from earlywarn.modeling.candidates import Fitting, Prepared, fit_candidate
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.fold_backtest import run_folds
from earlywarn.modeling.folds import FoldPlan
from earlywarn.modeling.leaks import find_leaks
from earlywarn.modeling.matrix_rows import (
    EncodeBy,
    Encoded,
    abstained_of,
    enough_data,
    fit_levels,
    in_frozen_order,
    is_known,
    period_sizes,
    rows_of,
    taken,
)
from earlywarn.modeling.plan import Plan
from earlywarn.modeling.risk_ranges import RiskRange
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.spec import ModelSpec
from earlywarn.modeling.splits import Overlap, Split, latest_tested, order_periods
from earlywarn.modeling.threads import one_blas_thread
from earlywarn.modeling.trials import Trial
from earlywarn.modeling.values import each_column


@dataclass(frozen=True, eq=False)
class Trained:
    """A model fitted on everything known, and the sheet that says how good it is."""

    model: FittedModel
    calibrator: Calibrator
    risk_range: RiskRange
    encoded: Encoded
    sheet: QualitySheet
    details: Mapping[str, Any]
    quantiles: Mapping[str, Any]
    trials: tuple[Trial, ...] = ()
    held_out: pa.Table | None = None
    """What the back-test said of its held-out rows, where the split is by time; for later comparisons."""


def train_model(
    matrix: Matrix,
    spec: ModelSpec,
    *,
    network: str,
    today: date,
    fitting: Fitting,
    fold_name: Mapping[Language, str] | None = None,
    findings: tuple[Finding, ...] = (),
    progress: Progress = no_progress,
) -> Trained:
    """Train the model that a spec declares.

    Args:
        matrix: Features and labels.
        spec: The declared model.
        network: The network's name.
        today: Nothing known later is used.
        fitting: What fitting may use of the machine, and its seed.
        fold_name: What a group is called that folds leave out, where the split is by groups.
        findings: What leak detectors found in the tables, before this training looks at their rows.
        progress: Told after each step.

    Raises:
        EmptySplitError: The spec's splits hold no training or no test rows.
        LeakError: A detector found a leak.
        TrainingError: There are too few outcomes, or the spec names features that are not there.
    """
    folds, fitting = spec.splits.plan(fold_name or {}), replace(fitting, tuning=spec.tuning.tuning)
    with one_blas_thread():
        return _trained(matrix, spec, network, today, folds, fitting, findings, progress)


def _trained(
    matrix: Matrix,
    spec: ModelSpec,
    network: str,
    today: date,
    folds: FoldPlan | None,
    fitting: Fitting,
    findings: tuple[Finding, ...],
    progress: Progress,
) -> Trained:
    ordered = in_frozen_order(matrix)
    enough = enough_data(ordered, spec.scoring.needs_any)
    labeled = is_known(ordered, spec.outcome, today)
    chosen = enough & labeled
    kept, rows, encode_by = labeled_rows(ordered, spec, chosen, period_sizes(ordered, enough), today)
    findings += _leaks(kept, rows, spec, folds, today, fitting, progress)
    stop_at(findings, where=f"{network}/{spec.name}")
    # What peers would be set beside is no part of a training, and is as large as the held-out rows.
    found = [replace(one, tested=None) for one in _backtests(rows, spec, folds, fitting, progress)]
    # The strict protocol leads, and is the one that gates judge: no claim rests on a label not yet known.
    lead = found[0]
    progress("final fit", 0, 1)
    everything = np.flatnonzero(rows.labeled)
    rows = rows.cut_on(everything, split="the final fit")
    everything = everything[np.isfinite(rows.label[everything])]
    encoded = encode_by(fit_levels(kept, everything))
    whole = Prepared(
        Split("all", everything, everything[:0]), rows, encoded.catalog.names, encoded.signs, encoded.values
    )
    sample = drawn(rows, whole, most=spec.training.most_rows)
    model = fit_candidate(lead.choice.name, rows, thinned(whole, sample), lead.settings, fitting)
    progress("final fit", 1, 1)
    now = margins_of(model, whole, lead.split.test, fitting) if lead.split.by_time else None
    calibrator, risk_range = final_calibration(lead.told, now, seed=fitting.seed)
    return Trained(
        model=model,
        calibrator=calibrator,
        risk_range=risk_range,
        encoded=encoded,
        sheet=_sheet(spec, network, ordered, enough, labeled, found, findings, sample.note),
        details={**_details(spec, network, rows, everything, lead), **sample.details},
        quantiles=quantiles_by_column(encoded.catalog.names, each_column(encoded.values, everything)),
        trials=lead.trials,
        held_out=None if folds is not None else _held_out(kept, lead),
    )


def _held_out(kept: Matrix, lead: Outcomes) -> pa.Table:
    """Return who and when, what the back-test said and what came true of each held-out row."""
    told = lead.told[0]
    found = kept.rows.take(lead.split.test).append_column("margin", pa.array(told.margin, pa.float64()))
    return found.append_column("label", pa.array(told.label, pa.bool_()))


def _leaks(
    kept: Matrix,
    rows: LabeledRows,
    spec: ModelSpec,
    folds: FoldPlan | None,
    today: date,
    fitting: Fitting,
    progress: Progress,
) -> tuple[Finding, ...]:
    progress("look for leaks", 0, 1)
    test = plan_of(spec, rows).test
    found = find_leaks(
        kept, spec, sizes=rows.period_sizes, test=test, folds=folds, today=today, fitting=fitting
    )
    progress("look for leaks", 1, 1)
    return found


def back_test(
    matrix: Matrix,
    spec: ModelSpec,
    *,
    today: date,
    fitting: Fitting,
    fold_name: Mapping[Language, str] | None = None,
    progress: Progress = no_progress,
) -> list[Outcomes]:
    """Back-test the model that a spec declares under each of its protocols, and fit nothing to keep.

    Raises:
        EmptySplitError: The spec's splits hold no training or no test rows.
        TrainingError: There are too few outcomes, or the spec names features that are not there.
    """
    ordered = in_frozen_order(matrix)
    enough = enough_data(ordered, spec.scoring.needs_any)
    chosen = enough & is_known(ordered, spec.outcome, today)
    _, rows, _ = labeled_rows(ordered, spec, chosen, period_sizes(ordered, enough), today)
    with one_blas_thread():
        return _backtests(rows, spec, spec.splits.plan(fold_name or {}), fitting, progress)


def labeled_rows(
    ordered: Matrix, spec: ModelSpec, chosen: Flags, sizes: dict[str, int], today: date
) -> tuple[Matrix, LabeledRows, EncodeBy]:
    """Keep the chosen rows of a matrix, as a matrix and as arrays, with what encodes them."""
    # Rows without a label teach and test nothing, and may be a third of a matrix.
    kept, encode_by = taken(ordered, chosen)
    rows = rows_of(
        kept,
        encode_by=encode_by,
        groups=spec.audit.groups,
        capacity_per=spec.capacity.per,
        today=today,
        sizes=sizes,
        outcome=spec.outcome,
        fold_by=spec.splits.by,
        has_days=not spec.as_of.stages,
    )
    return kept, rows, encode_by


def _backtests(
    rows: LabeledRows, spec: ModelSpec, folds: FoldPlan | None, fitting: Fitting, progress: Progress
) -> list[Outcomes]:
    plan = plan_of(spec, rows)
    if folds is not None:
        return [run_folds(rows, plan, folds, fitting=fitting, progress=progress)]
    return [
        run_backtest(rows, plan, overlap=overlap, fitting=fitting, progress=progress)
        for overlap in protocols(spec)
    ]


def protocols(spec: ModelSpec) -> tuple[Overlap, ...]:
    """Return which protocols a spec asks for; strict always stands among them."""
    if spec.splits.overlap == "strict":
        return ("strict",)
    return ("strict", "accepted")


def plan_of(spec: ModelSpec, rows: LabeledRows) -> Plan:
    """Name what is held out; folds leave out groups, and a period only where one is named, too.

    Raises:
        EmptySplitError: A named period is not there, or nothing can be held out.
    """
    test: tuple[str, ...] = ()
    if spec.splits.by is None or "test" in spec.splits.model_fields_set:
        test = latest_tested(rows) if spec.splits.test == "latest" else tuple(spec.splits.test)
    return Plan(
        publishable=spec.publishable,
        points=spec.points,
        test=test,
        share=spec.capacity.share,
        tolerance=spec.audit.tolerance,
        with_and_without=spec.audit.with_and_without,
        held_out_share=spec.splits.held_out_schools,
        most_rows=spec.training.most_rows,
    )


def _sheet(
    spec: ModelSpec,
    network: str,
    matrix: Matrix,
    enough: Flags,
    labeled: Flags,
    found: list[Outcomes],
    findings: tuple[Finding, ...],
    sampled: str | None,
) -> QualitySheet:
    notes = (
        [f"not scored: {int((~enough).sum())} rows, because {spec.scoring.en}"] if not enough.all() else []
    )
    if len(found) > 1:
        notes.append("periods overlap: the strict figures use only labels known before the test began")
    if sampled is not None:
        notes.append(sampled)
    return QualitySheet(
        network=network,
        model=spec.name,
        outcome={"fr": spec.outcome.fr, "en": spec.outcome.en},
        capacity_share=spec.capacity.share,
        capacity_per=spec.capacity.per,
        tie_rule=TIE_RULE,
        n_abstained=int((~enough).sum()),
        n_unlabeled=int((~labeled).sum()),
        backtests=tuple(one.backtest for one in found),
        notes=tuple(notes),
        left_out=_left_out(spec, matrix.left_out),
        abstention=abstained_of(matrix, enough, spec.scoring),
        leaks=findings,
    )


def _left_out(spec: ModelSpec, left_out: LeftOut) -> LeftOutSheet | None:
    rule = spec.cohort.without
    if rule is None:
        return None
    return LeftOutSheet(left_out.n_rows, left_out.n_units, {"fr": rule.fr, "en": rule.en})


def _details(
    spec: ModelSpec, network: str, rows: LabeledRows, everything: Indexes, lead: Outcomes
) -> dict[str, Any]:
    trained_on = set(rows.period[everything].tolist())
    chosen = lead.backtest.candidate(lead.choice.name).overall.capacity.precision.value
    folds = lead.backtest.folds
    # Students drawn at random carry no claim, so no list is promised what they gave.
    expected = None if folds is not None and folds.is_random else float(chosen)
    return {
        "network": network,
        "model": spec.name,
        "outcome": {"fr": spec.outcome.fr, "en": spec.outcome.en},
        "capacity": {"share": spec.capacity.share, "per": list(spec.capacity.per)},
        "moments": list(spec.as_of.names),
        "trained_on": [name for name in order_periods(rows).names if name in trained_on],
        "n_trained": int(everything.size),
        "base_rate": float(rows.truth(everything).mean()),
        "expected_precision": expected,
        "abstention": spec.scoring.model_dump(mode="json"),
        **({} if rows.cuts is None else {"cut_points": asdict(rows.cuts)}),
    }

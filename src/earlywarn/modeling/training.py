"""Train one declared model on a matrix: back-test, choose, refit on everything known, calibrate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from earlywarn.domain import Language, Progress, no_progress
from earlywarn.evaluation import TIE_RULE, Flags, Indexes, LeftOutSheet, QualitySheet
from earlywarn.features import LeftOut, Matrix
from earlywarn.modeling.backtest import Outcomes, Plan, final_calibrator, run_backtest
from earlywarn.modeling.bounded import drawn, thinned
from earlywarn.modeling.bundle import quantiles_by_column
from earlywarn.modeling.calibrators import Calibrator
from earlywarn.modeling.candidates import Fitting, Prepared, fit_candidate
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.fold_backtest import run_folds
from earlywarn.modeling.folds import FoldPlan
from earlywarn.modeling.matrix_rows import (
    Encoded,
    enough_data,
    fit_levels,
    in_frozen_order,
    is_known,
    period_sizes,
    rows_of,
    taken,
)
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
    encoded: Encoded
    sheet: QualitySheet
    details: Mapping[str, Any]
    quantiles: Mapping[str, Any]
    trials: tuple[Trial, ...] = ()


def train_model(
    matrix: Matrix,
    spec: ModelSpec,
    *,
    network: str,
    today: date,
    fitting: Fitting,
    fold_name: Mapping[Language, str] | None = None,
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
        progress: Told after each step.

    Raises:
        EmptySplitError: The spec's splits hold no training or no test rows.
        TrainingError: There are too few outcomes, or the spec names features that are not there.
    """
    folds, fitting = spec.splits.plan(fold_name or {}), replace(fitting, tuning=spec.tuning.tuning)
    with one_blas_thread():
        return _trained(matrix, spec, network, today, folds, fitting, progress)


def _trained(
    matrix: Matrix,
    spec: ModelSpec,
    network: str,
    today: date,
    folds: FoldPlan | None,
    fitting: Fitting,
    progress: Progress,
) -> Trained:
    ordered = in_frozen_order(matrix)
    enough = enough_data(ordered, spec.scoring.needs_any)
    labeled = is_known(ordered, spec.outcome, today)
    # Rows without a label teach and test nothing, and may be a third of a matrix.
    kept, encode_by = taken(ordered, enough & labeled)
    rows = rows_of(
        kept,
        encode_by=encode_by,
        groups=spec.audit.groups,
        capacity_per=spec.capacity.per,
        today=today,
        sizes=period_sizes(ordered, enough),
        outcome=spec.outcome,
        fold_by=spec.splits.by,
    )
    plan = plan_of(spec, rows)
    if folds is None:
        found = [
            run_backtest(rows, plan, overlap=overlap, fitting=fitting, progress=progress)
            for overlap in protocols(spec)
        ]
    else:
        found = [run_folds(rows, plan, folds, fitting=fitting, progress=progress)]
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
    sample = drawn(rows, whole, most=plan.most_rows)
    model = fit_candidate(lead.choice.name, rows, thinned(whole, sample), lead.settings, fitting)
    progress("final fit", 1, 1)
    return Trained(
        model=model,
        calibrator=final_calibrator(rows, lead),
        encoded=encoded,
        sheet=_sheet(spec, network, matrix.left_out, enough, labeled, found, sample.note),
        details={**_details(spec, network, rows, everything, lead), **sample.details},
        quantiles=quantiles_by_column(encoded.catalog.names, each_column(encoded.values, everything)),
        trials=lead.trials,
    )


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
        held_out_share=spec.splits.held_out_schools,
        most_rows=spec.training.most_rows,
    )


def _sheet(
    spec: ModelSpec,
    network: str,
    left_out: LeftOut,
    enough: Flags,
    labeled: Flags,
    found: list[Outcomes],
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
        left_out=_left_out(spec, left_out),
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

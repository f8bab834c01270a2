"""Train one declared model: build its matrix, back-test, fit, log to MLflow, register as candidate."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np

from earlywarn.domain import Language, Progress, no_progress
from earlywarn.errors import TrainingError
from earlywarn.evaluation import GroupNames, sheet_json, sheet_table
from earlywarn.features import Matrix, build_matrix, fold_columns, load_indicators, moments_of
from earlywarn.modeling import (
    BundleParts,
    Fitting,
    ModelSpec,
    Trained,
    is_known,
    load_spec,
    train_model,
    with_answers,
    write_bundle,
)
from earlywarn.pipeline.answers import answered_words
from earlywarn.pipeline.cards import CARD, SHEET, card_files, write_cards
from earlywarn.pipeline.held_out import keep_held_out
from earlywarn.pipeline.leaks import replay_finding
from earlywarn.registry import ModelVersion, RunRecord, open_registry
from earlywarn.store import DatabaseUrls
from earlywarn.tables import Contract, load_contract, open_tables
from earlywarn.workspace import Workspace, locked

DECLARATIONS = ("contract.toml", "indicators.toml", "model.toml")
MOST_THREADS = 8


@dataclass(frozen=True)
class TrainingResult:
    """What a training left, and where."""

    version: ModelVersion
    table: str
    sheets: Path

    def summary(self) -> str:
        """Say it in the terminal."""
        return f"{self.table}\n{self.version.name} version {self.version.version} is the candidate"


def train(
    model_dir: Path,
    workspace: Workspace,
    *,
    today: date,
    seed: int = 0,
    write_sheets: bool = False,
    threads: int | None = None,
    tracking_uri: str | None = None,
    database: DatabaseUrls | None = None,
    progress: Progress = no_progress,
) -> TrainingResult:
    """Train the model declared in `model_dir` on the workspace's tables.

    Args:
        model_dir: The folder with `model.toml`; the network's own files lie above it.
        workspace: Holds the tables, and takes the run.
        today: Nothing known later is used.
        seed: Decides every draw.
        write_sheets: Also write `backtest.json` and `CARD.md` beside `model.toml`.
        threads: How many to use; by default those of this machine. They change no byte of the trees.
        tracking_uri: An MLflow server; by default the workspace's own store.
        database: Knows what staff answered to earlier flags, which the sheet reports apart and no model sees.
        progress: Told after each step.

    Raises:
        BusyError: Another training is at work in this workspace.
        EmptySplitError: The spec's splits hold no training or no test rows.
        LeakError: A detector found a leak; nothing is registered.
        TrainingError: There are too few outcomes to learn from.
    """
    declared = read_declarations(model_dir)
    spec = load_spec(model_dir / "model.toml")
    contract = load_contract(model_dir.parent / "contract.toml")
    with locked(workspace, "train", owner=f"train {contract.network.name}/{spec.name}"):
        matrix = labeled_matrix(model_dir, workspace, contract, spec, today=today, progress=progress)
        _refuse_unlabeled(matrix, spec, model_dir, today)
        matrix = with_answers(matrix, answered_words(matrix, contract, spec.name, database))
        progress("replay as-of dates", 0, 1)
        replayed = replay_finding(model_dir, workspace, contract, spec, matrix)
        progress("replay as-of dates", 1, 1)
        fitting = Fitting(seed=seed, n_threads=threads or available_threads())
        trained = train_model(
            matrix,
            spec,
            network=contract.network.name,
            today=today,
            fitting=fitting,
            fold_name=_fold_name(spec, contract),
            findings=(replayed,),
            progress=progress,
        )
        sheet = sheet_json(trained.sheet)
        cards = card_files(sheet, spec.card.prose, group_names(contract))
        folder = workspace.reports / "models" / spec.name
        write_cards(cards, folder)
        if write_sheets:
            write_cards(cards, model_dir, committed=True)
        table = sheet_table(json.loads(sheet))
        progress("log to MLflow", 0, 1)
        facts = {"today": today.isoformat(), "seed": str(seed), **digests(declared, matrix)}
        version = _register(workspace, trained, cards, table, declared, facts, tracking_uri)
        keep_held_out(workspace, spec.name, version.version, trained.held_out)
        progress("log to MLflow", 1, 1)
    return TrainingResult(version, table, folder)


def read_declarations(model_dir: Path) -> dict[str, str]:
    """Return the text of the three files that a model is declared by."""
    paths = {name: (model_dir if name == "model.toml" else model_dir.parent) / name for name in DECLARATIONS}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise TrainingError("a declared file is missing", where=missing[0], todo="write it first")
    return {name: path.read_text(encoding="utf-8") for name, path in paths.items()}


def labeled_matrix(
    model_dir: Path,
    workspace: Workspace,
    contract: Contract,
    spec: ModelSpec,
    *,
    today: date,
    progress: Progress = no_progress,
) -> Matrix:
    """Build the matrix of a spec, with every label that is known today."""
    indicators = load_indicators(model_dir.parent / "indicators.toml", contract)
    tables = open_tables(workspace, contract)
    matrix = build_matrix(
        tables,
        contract,
        indicators,
        cohort=spec.cohort,
        moments=moments_of(contract, spec.as_of, tables, before=today),
        families=list(spec.features.families),
        outcome=spec.outcome,
        progress=progress,
    )
    if not len(matrix):
        raise TrainingError("the cohort is empty on every as-of date", where=str(model_dir / "model.toml"))
    return matrix


def _refuse_unlabeled(matrix: Matrix, spec: ModelSpec, model_dir: Path, today: date) -> None:
    if not is_known(matrix, spec.outcome, today).any():
        verb = f"earlywarn start {model_dir.parent.name}/{model_dir.name}"
        raise TrainingError(
            "no label is known yet, so there is nothing to learn from",
            where=str(model_dir / "model.toml"),
            todo=f"run `{verb}` for a list by rules until then",
        )


def _fold_name(spec: ModelSpec, contract: Contract) -> Mapping[Language, str]:
    """Return what a group is called that folds leave out."""
    by, known = spec.splits.by, fold_columns(contract)
    if by is not None and by not in known:
        raise TrainingError(
            f"[splits] cannot leave out groups of '{by}'", todo=f"name one of {', '.join(known)}"
        )
    return known[by] if by is not None else {}


def group_names(contract: Contract) -> GroupNames:
    """Return what a contract calls the columns that audits look at."""
    columns = {
        name: column
        for table in contract.tables
        for name, column in contract.columns_of(table).items()
        if column.sensitive
    }
    return GroupNames(
        {name: column.label for name, column in columns.items()},
        {name: column.labels for name, column in columns.items()},
    )


def available_threads() -> int:
    """Return how many threads this process may use, container limits included."""
    return min(MOST_THREADS, len(os.sched_getaffinity(0)))


def digests(declared: Mapping[str, str], matrix: Matrix) -> dict[str, str]:
    """Return what a run can be checked by: digests of the declarations and of the matrix."""
    found = {f"sha256 {name}": sha256(text.encode("utf-8")).hexdigest() for name, text in declared.items()}
    data = sha256()
    for name in matrix.features.column_names:
        data.update(name.encode("utf-8"))
        data.update(np.ascontiguousarray(matrix.features[name].to_numpy()).tobytes())
    return {**found, "sha256 matrix": data.hexdigest()}


def _register(
    workspace: Workspace,
    trained: Trained,
    cards: Mapping[str, str],
    table: str,
    declared: Mapping[str, str],
    facts: Mapping[str, str],
    tracking_uri: str | None,
) -> ModelVersion:
    registry = open_registry(workspace.mlflow, uri=tracking_uri)
    with tempfile.TemporaryDirectory() as temporary:
        bundle = write_bundle(
            Path(temporary) / "bundle",
            BundleParts(
                model=trained.model,
                calibrator=trained.calibrator,
                details=trained.details,
                catalog=trained.encoded.catalog.to_json(),
                encoding=trained.encoded.encoding.to_json(),
                quantiles=trained.quantiles,
                backtest=cards[SHEET],
                card=cards[CARD],
                declarations=declared,
            ),
        )
        name = f"{trained.sheet.network}.{trained.sheet.model}"
        record = RunRecord(
            experiment=name,
            model=name,
            params=_params(trained, facts),
            metrics=_metrics(trained),
            tags={"network": trained.sheet.network, "model": trained.sheet.model, "kind": trained.model.kind},
            bundle=bundle,
            texts={**cards, "report.txt": table},
        )
        return registry.record(record)


def _params(trained: Trained, facts: Mapping[str, str]) -> dict[str, str]:
    lead = trained.sheet.backtests[0]
    settings = {name: str(value) for name, value in trained.model.settings}
    return {
        **facts,
        **settings,
        "kind": trained.model.kind,
        "trained_on": ", ".join(trained.details["trained_on"]),
        "tested_on": ", ".join(lead.tested_on),
        "n_features": str(len(trained.model.features)),
    }


def _metrics(trained: Trained) -> dict[str, float]:
    found = {}
    for backtest in trained.sheet.backtests:
        for candidate in backtest.candidates:
            start = f"{backtest.protocol}/{candidate.name}"
            found[f"{start}/auc"] = candidate.overall.auc.value
            found[f"{start}/average_precision"] = candidate.overall.average_precision.value
            found[f"{start}/brier"] = candidate.overall.brier.value
            found[f"{start}/precision_at_capacity"] = candidate.overall.capacity.precision.value
            for moment, metrics in candidate.by_moment.items():
                found[f"{start}/auc/{moment}"] = metrics.auc.value
    return {name: value for name, value in found.items() if np.isfinite(value)}

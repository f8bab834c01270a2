"""Train one declared model: build its matrix, back-test, fit, log to MLflow, register as candidate."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np

from earlywarn.domain import Language, Progress, no_progress
from earlywarn.errors import TrainingError
from earlywarn.evaluation import GroupNames, card_markdown, sheet_json, sheet_table
from earlywarn.features import (
    MOST_MEMBERSHIPS,
    Matrix,
    Portion,
    build_by_portions,
    build_matrix,
    data_end,
    fold_columns,
    load_indicators,
    moments_of,
    portions_of,
)
from earlywarn.modeling import BundleParts, Fitting, ModelSpec, Trained, load_spec, train_model, write_bundle
from earlywarn.registry import ModelVersion, RunRecord, open_registry
from earlywarn.tables import Contract, Tables, load_contract, open_tables
from earlywarn.workspace import Workspace, locked, write_atomically

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
        progress: Told after each step.

    Raises:
        BusyError: Another training is at work in this workspace.
        EmptySplitError: The spec's splits hold no training or no test rows.
        TrainingError: There are too few outcomes to learn from.
    """
    declared = read_declarations(model_dir)
    spec = load_spec(model_dir / "model.toml")
    contract = load_contract(model_dir.parent / "contract.toml")
    with locked(workspace, "train", owner=f"train {contract.network.name}/{spec.name}"):
        matrix = labeled_matrix(model_dir, workspace, contract, spec, today=today, progress=progress)
        fitting = Fitting(seed=seed, n_threads=threads or available_threads())
        trained = train_model(
            matrix,
            spec,
            network=contract.network.name,
            today=today,
            fitting=fitting,
            fold_name=_fold_name(spec, contract),
            progress=progress,
        )
        sheet = sheet_json(trained.sheet)
        card = card_markdown(json.loads(sheet), spec.card.prose, group_names(contract))
        folders = [workspace.reports / "models" / spec.name, *([model_dir] if write_sheets else [])]
        for folder in folders:
            write_atomically(folder / "backtest.json", sheet.encode("utf-8"))
            write_atomically(folder / "CARD.md", card.encode("utf-8"))
        table = sheet_table(json.loads(sheet))
        progress("log to MLflow", 0, 1)
        facts = {"today": today.isoformat(), "seed": str(seed), **digests(declared, matrix)}
        version = _register(workspace, trained, (sheet, card, table), declared, facts, tracking_uri)
        progress("log to MLflow", 1, 1)
    return TrainingResult(version, table, folders[0])


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
    most_memberships: int = MOST_MEMBERSHIPS,
    progress: Progress = no_progress,
) -> Matrix:
    """Build the matrix of a spec, with every label that is known today.

    A network of more than `most_memberships` is looked at school by school, which changes no value.
    """
    indicators = load_indicators(model_dir.parent / "indicators.toml", contract)
    tables = open_tables(workspace, contract)
    moments = moments_of(contract, spec.as_of, tables, before=today)
    known_until = data_end(tables.connection, contract)

    def build(shown: Tables, schools: tuple[str, ...] | None, told: Progress) -> Matrix:
        return build_matrix(
            shown,
            contract,
            indicators,
            cohort=spec.cohort,
            moments=moments,
            families=list(spec.features.families),
            outcome=spec.outcome,
            before=known_until,
            schools=schools,
            only_the_cohort=True,
            progress=told,
        )

    def build_portion(portion: Portion) -> Matrix:
        with closing(open_tables(workspace, contract, students=portion.students)) as shown:
            return build(shown, portion.schools, no_progress)

    with closing(tables):
        portions = portions_of(tables, contract, spec.cohort, most=most_memberships)
        matrix = None if portions else build(tables, None, progress)
    if matrix is None:
        matrix = build_by_portions(portions, build_portion, unit=contract.network.unit, progress=progress)
    if not len(matrix):
        raise TrainingError("the cohort is empty on every as-of date", where=str(model_dir / "model.toml"))
    return matrix


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
        # A large matrix keeps its columns narrow; the digest is of their values.
        data.update(np.ascontiguousarray(matrix.features[name].to_numpy(), dtype=np.float64).data)
    return {**found, "sha256 matrix": data.hexdigest()}


def _register(
    workspace: Workspace,
    trained: Trained,
    texts: tuple[str, str, str],
    declared: Mapping[str, str],
    facts: Mapping[str, str],
    tracking_uri: str | None,
) -> ModelVersion:
    sheet, card, table = texts
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
                backtest=sheet,
                card=card,
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
            texts={"backtest.json": sheet, "CARD.md": card, "report.txt": table},
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

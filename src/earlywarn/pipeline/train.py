"""Train one declared model: build its matrix, back-test, fit, log to MLflow, register as candidate."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from earlywarn.domain import Language, Progress, no_progress
from earlywarn.errors import TrainingError
from earlywarn.evaluation import CardProse, GroupNames, card_markdown, sheet_json, sheet_table
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
from earlywarn.modeling import (
    BundleParts,
    Fitting,
    FitTrees,
    ModelSpec,
    Trained,
    fit_boosting,
    is_known,
    load_spec,
    train_model,
    with_answers,
    write_bundle,
)
from earlywarn.pictures import Picture
from earlywarn.pipeline.answers import answered_words
from earlywarn.pipeline.cards import card_files, pictures_by_section, write_cards
from earlywarn.pipeline.data_used import (
    UsedBatch,
    answers_digest,
    data_inputs,
    last_batch_of,
    matrix_digest,
    used_batches,
)
from earlywarn.pipeline.drawing import draw
from earlywarn.pipeline.held_out import keep_held_out
from earlywarn.pipeline.leaks import replay_finding
from earlywarn.pipeline.run_record import Recipe, run_record
from earlywarn.registry import ModelVersion, open_registry
from earlywarn.store import DatabaseUrls
from earlywarn.tables import Contract, Tables, excerpts_of, load_contract, open_tables
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
    pictures: bool = True,
    database: DatabaseUrls | None = None,
    fit_trees: FitTrees = fit_boosting,
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
        pictures: Whether to draw the sheet; it costs some seconds.
        database: Knows what staff answered to earlier flags, which the sheet reports apart and no model sees.
        fit_trees: What fits trees on a whole past: this machine, or a cluster.
        progress: Told after each step.

    Raises:
        BusyError: Another training is at work in this workspace.
        EmptySplitError: The spec's splits hold no training or no test rows.
        LeakError: A detector found a leak; nothing is registered.
        TrainingError: There are too few outcomes to learn from.
    """
    started = time.monotonic()
    network = load_contract(model_dir.parent / "contract.toml").network.name
    spec = load_spec(model_dir / "model.toml")
    with locked(workspace, "train", owner=f"train {network}/{spec.name}"):
        # A batch that comes while this trains is none of its own, however often the tables are opened.
        batches = used_batches(workspace, network)
        made = make(
            model_dir,
            workspace,
            today=today,
            seed=seed,
            threads=threads,
            last_batch=last_batch_of(batches),
            database=database,
            fit_trees=fit_trees,
            progress=progress,
        )
        table = sheet_table(json.loads(made.sheet))
        with tempfile.TemporaryDirectory() as temporary:
            bundle = made.write(Path(temporary) / "bundle")
            drawn = draw(made.trained, made.sheet, bundle, made.names, spec, seed) if pictures else ()
            cards = made.cards(drawn)
            folder = workspace.model_reports(spec.name)
            write_cards(cards, folder)
            if write_sheets:
                write_cards(cards, model_dir, committed=True)
            for picture in drawn:
                write_atomically(folder / "pictures" / picture.file, picture.content)
            progress("log to MLflow", 0, 1)
            recipe = made.recipe(today=today, seed=seed, batches=batches)
            record = run_record(
                made.trained,
                recipe,
                bundle=bundle,
                texts={**cards, "report.txt": table},
                declared=made.declared,
                pictures=drawn,
                inputs=data_inputs(batches, made.contract, made.matrix, recipe.matrix),
                seconds=time.monotonic() - started,
            )
            version = open_registry(workspace.mlflow, uri=tracking_uri).record(record)
            keep_held_out(workspace, spec.name, version.version, made.trained.held_out)
            progress("log to MLflow", 1, 1)
    return TrainingResult(version, table, folder)


@dataclass(frozen=True, eq=False)
class Made:
    """A training before anything is written: the model, its sheet and card, and what it was made from."""

    trained: Trained
    sheet: str
    prose: CardProse
    declared: Mapping[str, str]
    matrix: Matrix
    contract: Contract
    names: GroupNames
    n_threads: int

    def cards(self, drawn: Sequence[Picture]) -> dict[str, str]:
        """Return the sheet and the card, by file name; pictures stand in the card's pages."""
        return card_files(self.sheet, self.prose, self.names, pictures=pictures_by_section(drawn))

    def write(self, folder: Path) -> Path:
        """Write the bundle."""
        trained = self.trained
        return write_bundle(
            folder,
            BundleParts(
                model=trained.model,
                calibrator=trained.calibrator,
                details=trained.details,
                catalog=trained.encoded.catalog.to_json(),
                encoding=trained.encoded.encoding.to_json(),
                quantiles=trained.quantiles,
                backtest=self.sheet,
                card=card_markdown(json.loads(self.sheet), self.prose, self.names),
                declarations=self.declared,
                risk_range=trained.risk_range,
            ),
        )

    def recipe(self, *, today: date, seed: int, batches: tuple[UsedBatch, ...]) -> Recipe:
        """Return what decided this training."""
        return Recipe(
            network=self.trained.sheet.network,
            model=self.trained.sheet.model,
            today=today,
            seed=seed,
            n_threads=self.n_threads,
            matrix=matrix_digest(self.matrix),
            answers=answers_digest(self.matrix),
            batches=batches,
        )


def make(
    model_dir: Path,
    workspace: Workspace,
    *,
    today: date,
    seed: int,
    threads: int | None = None,
    last_batch: int | None = None,
    database: DatabaseUrls | None = None,
    fit_trees: FitTrees = fit_boosting,
    progress: Progress = no_progress,
) -> Made:
    """Train and judge the model declared in `model_dir`, and write nothing."""
    declared = read_declarations(model_dir)
    spec = load_spec(model_dir / "model.toml")
    contract = load_contract(model_dir.parent / "contract.toml")
    matrix = labeled_matrix(
        model_dir, workspace, contract, spec, today=today, last_batch=last_batch, progress=progress
    )
    _refuse_unlabeled(matrix, spec, model_dir, today)
    matrix = with_answers(matrix, answered_words(matrix, contract, spec.name, database))
    progress("replay as-of dates", 0, 1)
    replayed = replay_finding(model_dir, workspace, contract, spec, matrix, last_batch=last_batch)
    progress("replay as-of dates", 1, 1)
    fitting = Fitting(seed=seed, n_threads=threads or available_threads(), fit_trees=fit_trees)
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
    sheet, names = sheet_json(trained.sheet), group_names(contract)
    return Made(trained, sheet, spec.card.prose, declared, matrix, contract, names, fitting.n_threads)


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
    last_batch: int | None = None,
    most_memberships: int = MOST_MEMBERSHIPS,
    progress: Progress = no_progress,
) -> Matrix:
    """Build the matrix of a spec, with every label that is known today; later batches may be left out.

    A network of more than `most_memberships` is looked at school by school, which changes no value.
    """
    indicators = load_indicators(model_dir.parent / "indicators.toml", contract)
    tables = open_tables(workspace, contract, last_batch=last_batch)
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
        tables_of = open_tables(workspace, contract, last_batch=last_batch, some=next(excerpts))
        with closing(tables_of) as shown:
            return build(shown, portion.schools, no_progress)

    with closing(tables):
        portions = portions_of(tables, contract, [spec.cohort], most=most_memberships)
        matrix = None if portions else build(tables, None, progress)
    if matrix is None:
        students = [portion.students for portion in portions]
        used = {*indicators.tables, contract.network.membership, spec.outcome.table}
        excerpts = iter(excerpts_of(workspace, contract, students, tables=used, last_batch=last_batch))
        matrix = build_by_portions(portions, build_portion, unit=contract.network.unit, progress=progress)
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

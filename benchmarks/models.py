"""Set our chosen models beside logistic regression, LightGBM as it comes, and FLAML with a minute.

`make bench-models` runs it: real data where the machine has them, the same splits, rows and columns for all,
in one run. What it prints is written to `benchmarks/models.md`. AUC is averaged over moments (and folds); a
difference is ours minus theirs, with its interval over the same draws of schools or students.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.peers import PEERS, Task, fitted
from earlywarn.evaluation import (
    Comparison,
    Figure,
    Floats,
    MomentAucs,
    Scored,
    compare,
    draws_for,
    logit,
    measure,
    moment_aucs,
    score_rows,
)
from earlywarn.features import fold_columns
from earlywarn.modeling import Fitting, Outcomes, Tested, back_test, load_spec, prepare
from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.train import available_threads, labeled_matrix
from earlywarn.tables import load_contract
from earlywarn.workspace import Workspace

HERE = Path(__file__).parent
MODELS = HERE.parent / "models"
TODAY = date(2026, 11, 20)
N_DRAWS = 500
SOURCES = {"oulad": "oulad", "star": "star_k12", "uci697": "uci697", "uci320": "uci320"}
TASKS = (
    "oulad/fail_or_withdraw",
    "oulad/withdrawal",
    "star/reading_bottom_quartile",
    "star/mathematics_bottom_quartile",
    "star/retained",
    "uci697/dropout",
    "uci320/fail",
)


@dataclass(frozen=True, eq=False)
class Beside:
    """One contestant on one task, and ours against it."""

    name: str
    auc: Figure
    brier: float
    expected_error: float
    by_moment: dict[str, float]
    against: Comparison | None
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Result:
    """One protocol of one task, with everybody's figures."""

    task: str
    protocol: str
    n: int
    n_positive: int
    chosen: str
    moments: tuple[str, ...]
    contestants: tuple[Beside, ...]


def run(task: str, workspace: Workspace, *, seconds: float, peers: Sequence[str], seed: int) -> list[Result]:
    """Back-test one model, and let the peers tell the same rows."""
    folder = MODELS / task
    spec, contract = load_spec(folder / "model.toml"), load_contract(folder.parent / "contract.toml")
    matrix = labeled_matrix(folder, workspace, contract, spec, today=TODAY)
    name = fold_columns(contract)[spec.splits.by] if spec.splits.by else {}
    fitting, started = Fitting(seed=seed, n_threads=available_threads()), time.perf_counter()
    found = back_test(matrix, spec, today=TODAY, fitting=fitting, fold_name=name)
    took = (time.perf_counter() - started) / len(found)
    return [_beside(task, one, seconds=seconds, peers=peers, seed=seed, took=took) for one in found]


def _beside(
    task: str, outcomes: Outcomes, *, seconds: float, peers: Sequence[str], seed: int, took: float
) -> Result:
    tested, backtest = outcomes.tested, outcomes.backtest
    assert tested is not None  # noqa: S101 - both back-tests keep it
    rows = tested.test_rows
    _, draws = draws_for(rows, n_draws=N_DRAWS, generator=np.random.default_rng(seed))

    def told(scored: Scored) -> tuple[Scored, MomentAucs]:
        return scored, moment_aucs(scored, rows, draws)

    ours = told(tested.chosen)
    pairs = [("ours", ours, took)]
    pairs += [(f"our {one.name}", told(one), 0.0) for one in tested.scored]
    for peer in peers:
        started = time.perf_counter()
        risk = _peer(peer, tested, seconds=seconds, seed=seed)
        scored = score_rows(peer, logit(risk), risk, rows, share=0.1)
        pairs.append((peer, told(scored), time.perf_counter() - started))
        print(f"  {task} {backtest.protocol}: {peer} in {pairs[-1][2]:.0f} s", flush=True)
    contestants = []
    for name, pair, took_it in pairs:
        figures = measure(pair[0], rows, draws, auc=pair[1].mean)
        by_moment = {one: at.value for one in backtest.moments if (at := pair[1].at(one)) is not None}
        against = None if name == "ours" else compare(ours, pair, rows, draws)
        error = figures.calibration.expected_error
        brier = figures.brier.value
        contestants.append(Beside(name, figures.auc, brier, error, by_moment, against, took_it))
    n_positive, chosen = int(rows.label.sum()), _chosen(outcomes)
    return Result(
        task, backtest.protocol, rows.label.size, n_positive, chosen, backtest.moments, tuple(contestants)
    )


def _chosen(outcomes: Outcomes) -> str:
    folds = outcomes.backtest.folds
    if folds is None:
        return outcomes.backtest.chosen
    names = [one.chosen for one in folds.each]
    return ", ".join(f"{name} {names.count(name)}x" for name in sorted(set(names)))


def _peer(name: str, tested: Tested, *, seconds: float, seed: int) -> Floats:
    """Fit a peer on every split's training rows, and return its risks in the order of the tested rows."""
    risk = np.full(tested.rows.label.size, np.nan)
    for split in tested.splits:
        one = prepare(tested.rows, split)
        train, test = one.split.train, one.split.test
        group = one.rows.student[train] if one.rows.fold_by is None else one.rows.fold_by[train]
        task = Task(one.train, one.truth(train), one.test, group, seconds, seed, available_threads())
        risk[test] = fitted(name, task)
    return np.asarray(risk[tested.index])


def table(result: Result, peers: Sequence[str]) -> str:
    """Write one task's table in Markdown."""
    heads = ["model", "AUC", *(f"AUC {one}" for one in result.moments), "Brier", "ECE"]
    heads += ["ours minus this, AUC", "ours minus this, Brier", "says"]
    lines = [
        f"### {result.task}, {result.protocol}",
        "",
        f"n = {result.n}, outcomes = {result.n_positive}; chosen inside the past: {result.chosen}.",
        "",
        f"| {' | '.join(heads)} |",
        "|" + "---|" * len(heads),
    ]
    for one in result.contestants:
        name = f"**{one.name}**" if one.name == "ours" or one.name in peers else one.name
        cells = [name, f"{one.auc.value:.4f}"]
        cells += [
            f"{one.by_moment[moment]:.3f}" if moment in one.by_moment else "-" for moment in result.moments
        ]
        cells += [f"{one.brier:.4f}", f"{one.expected_error:.3f}"]
        if one.against is None:
            cells += ["", "", ""]
        else:
            cells += [_signed(one.against.auc), _signed(one.against.brier), one.against.verdict]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _signed(one: Figure) -> str:
    return f"{one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}]"


def summary(results: Sequence[Result], peers: Sequence[str]) -> str:
    """Say per task who is the best peer, and where ours stands against it."""
    lines = [
        "| task | ours | best peer | AUC difference | says | Brier difference | best of our candidates |",
        "|---|---|---|---|---|---|---|",
    ]
    above = not_below = 0
    for result in results:
        named = {one.name: one for one in result.contestants}
        best = max((named[peer] for peer in peers), key=lambda one: one.auc.value)
        mine = max(
            (one for one in result.contestants if one.name.startswith("our ")), key=lambda one: one.auc.value
        )
        assert best.against is not None  # noqa: S101 - only ours has none
        above += best.against.auc.value > 0
        not_below += best.against.verdict != "worse"
        lines.append(
            f"| {result.task}, {result.protocol} | {named['ours'].auc.value:.4f} | {best.name} "
            f"{best.auc.value:.4f} | {_signed(best.against.auc)} | {best.against.verdict} "
            f"| {_signed(best.against.brier)} | {mine.name[4:]} {mine.auc.value:.4f} |"
        )
    lines += ["", f"Above the best peer in value: {above} of {len(results)}; not worse by an interval: "]
    lines[-1] += f"{not_below} of {len(results)}."
    return "\n".join(lines)


def main() -> None:
    """Run the tasks asked for, print their tables, and write them where all were run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--seconds", type=float, default=60.0, help="what FLAML may use per fit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--folder", type=Path, default=HERE.parent / ".earlywarn" / "bench-models")
    asked = parser.parse_args()
    data = Path(os.environ.get("EARLYWARN_DATA", HERE.parent.parent / "shared" / "data")).resolve()
    if not data.is_dir():
        raise SystemExit(f"no real data at {data}: set EARLYWARN_DATA to the folder that holds them")
    is_whole = list(asked.tasks) == list(TASKS) and list(asked.peers) == list(PEERS)
    results: list[Result] = []
    for task in asked.tasks:
        network = task.split("/")[0]
        workspace, keys = Workspace(asked.folder / network / "workspace"), asked.folder / network / "keys"
        if not workspace.tables.is_dir():
            files = data / SOURCES[network]
            ingest(MODELS / network, files, workspace, received_on=TODAY, backfill=True, keys=keys)
        results += run(task, workspace, seconds=asked.seconds, peers=asked.peers, seed=asked.seed)
        print(table(results[-1], asked.peers), flush=True)
        if is_whole:
            # After every task: an hour's work is not to be lost with its last minute.
            text = page(results, asked.peers, seconds=asked.seconds, seed=asked.seed)
            (HERE / "models.md").write_text(text, encoding="utf-8")
    print(summary(results, asked.peers) if asked.peers else "")


def page(results: Sequence[Result], peers: Sequence[str], *, seconds: float, seed: int) -> str:
    """Return all tables in Markdown, and above them where ours stands."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("lightgbm", "scikit-learn", "flaml"))
    lines = [
        "# Our chosen models beside peers",
        "",
        f"Written by `make bench-models` (seed {seed}, FLAML {seconds:.0f} s a fit, "
        f"{available_threads()} threads, Python {platform.python_version()}, {versions}).",
        "Everybody has the same splits, rows and columns; sensitive columns are in none.",
        "AUC is averaged over moments, and over folds; a difference is ours minus theirs, on the same draws.",
        "",
        summary(results, peers),
        "",
        *(f"{table(one, peers)}\n" for one in results),
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    main()

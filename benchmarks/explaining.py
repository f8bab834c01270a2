"""Set exact explanations from tables beside LightGBM's own, on one core and from raw rows of floats.

What is measured: the LightGBM candidates that `make demo` trained, on the rows of their network; a model of
300 trees of 31 leaves on 60 numeric features with missing values; and score, explanation and choice of
reasons beside a score alone. Each pair must give the same before it is timed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import lightgbm
import numpy as np
from numba import njit

from benchmarks.pairs import Pair, same, timed
from benchmarks.results import Part, Row, keep
from earlywarn.features import build_matrix, moments_on
from earlywarn.pipeline.declared_inputs import encoded_values, read_declared
from earlywarn.pipeline.demo import TODAY
from earlywarn.publication import load_current, public_key, published_models
from earlywarn.scoring import LeafTables, PublishedModel, compile_trees, read_trees, score_batch
from earlywarn.scoring.explanations.many import attributions_of_many
from earlywarn.tables import open_tables
from earlywarn.workspace import Workspace

DEMO = Path(__file__).parent.parent / ".earlywarn" / "demo"
LARGEST_DIFFERENCE = 1e-10
N_ROWS, N_EXPLAINED, N_ALONE = 20_000, 1_000, 200


@dataclass(frozen=True)
class Explained:
    """One model's figures: many rows beside `pred_contrib` and beside `predict`, and one row at a time."""

    name: str
    shape: str
    tables: LeafTables
    compiled_in: float
    """Seconds."""
    beside_contrib: Pair
    beside_predict: Pair
    one_row: Pair
    one_row_by_machine_code: float
    limit: float
    """Microseconds that a row's look-ups and its copying, in and out, take at least on this machine."""
    difference: float

    def line(self) -> str:
        """Return the model's line of a Markdown table."""
        steps = self.tables.n_steps
        cells = (
            self.name,
            self.shape,
            f"{steps:,}",
            f"{self.tables.n_bytes / 1e6:.1f} MB, {self.compiled_in:.1f} s",
            f"{self.beside_contrib.ours:.2f} µs, {1000 * self.beside_contrib.ours / steps:.2f} ns a step",
            f"{self.limit:.2f} µs",
            f"{1 / self.beside_predict.times_faster:.2f}x",
            f"{self.one_row.ours:.0f} µs",
            f"{self.one_row_by_machine_code:.0f} µs",
            f"{self.one_row.theirs:.0f} µs",
            f"{self.difference:.0e}",
        )
        return f"| {' | '.join(cells)} |"


LINES = (
    "A step is a number that is taken from a table or multiplied. In the service numpy explains one row at a "
    "time: it loads no compiler, which would gain little there. At least: the row's steps, each at what a "
    "look-up in a table that is in the cache takes here, and copying its values in and its attributions out.",
    "",
    "| model | shape | steps of a row | tables, compiled in | many rows: one takes | at least "
    "| beside `predict` | one row, numpy | one row, numba | one row, `pred_contrib` "
    "| largest difference from it |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
)


def explained(name: str, booster: lightgbm.Booster, rows: np.ndarray) -> Explained:
    """Measure one model on raw rows; `rows` are repeated where there are few."""
    start = time.process_time()
    model = read_trees(booster.model_to_string())
    tables = compile_trees(model.trees, len(model.feature_names))
    compiled_in = time.process_time() - start
    rows = np.resize(rows, (N_ROWS, rows.shape[1]))
    few = rows[:N_EXPLAINED]
    alone = [few[i : i + 1] for i in range(N_ALONE)]
    told = np.asarray(booster.predict(few, pred_contrib=True, num_threads=1))
    ours = attributions_of_many(tables, rows)
    scores = np.asarray(booster.predict(rows, raw_score=True, num_threads=1))
    difference = same(ours[: len(few)], told[:, :-1], within=LARGEST_DIFFERENCE)
    same(tables.base + ours.sum(axis=1), scores, within=1e-9)
    same(tables.attributions(few), ours[: len(few)], within=0.0)

    def theirs_alone() -> None:
        for row in alone:
            booster.predict(row, pred_contrib=True, num_threads=1)

    return Explained(
        name,
        _shape(booster, tables),
        tables,
        compiled_in,
        timed(
            lambda: attributions_of_many(tables, rows),
            lambda: booster.predict(few, pred_contrib=True, num_threads=1),
            n_ours=len(rows),
            n_theirs=len(few),
        ),
        timed(
            lambda: attributions_of_many(tables, rows),
            lambda: booster.predict(rows, raw_score=True, num_threads=1),
            n_ours=len(rows),
            n_theirs=len(rows),
        ),
        timed(
            lambda: [tables.attributions(row) for row in alone],
            theirs_alone,
            n_ours=N_ALONE,
            n_theirs=N_ALONE,
        ),
        timed(
            lambda: [attributions_of_many(tables, row) for row in alone],
            theirs_alone,
            n_ours=N_ALONE,
            n_theirs=N_ALONE,
        ).ours,
        _limit(tables, rows),
        difference,
    )


@njit
def _look_up(table: np.ndarray, place: np.ndarray, total: np.ndarray, times: int) -> None:
    for _ in range(times):
        for row in range(place.size):
            total[row] += table[place[row]]


def _limit(tables: LeafTables, rows: np.ndarray) -> float:
    place = np.random.default_rng(0).integers(0, 1024, size=2048, dtype=np.uint32)
    table, total, times = np.ones(1024), np.zeros(place.size), 2000
    _look_up(table, place, total, 1)
    found = timed(
        lambda: _look_up(table, place, total, times), rows.copy, n_ours=times * place.size, n_theirs=len(rows)
    )
    return tables.n_steps * found.ours + found.theirs


def _shape(booster: lightgbm.Booster, tables: LeafTables) -> str:
    leaves = max(tree["num_leaves"] for tree in booster.dump_model()["tree_info"])
    return (
        f"{booster.num_trees()} trees of at most {leaves} leaves, {tables.n_features} features; leaves in "
        f"{tables.n_groups} tables, and {tables.n_wide} groups in parts"
    )


def with_reasons(model: PublishedModel, boosters: list[lightgbm.Booster], rows: np.ndarray) -> Pair:
    """Measure scores, ranges, explanation and choice of reasons beside the same trees' scores alone."""
    rows = np.resize(rows, (N_ROWS, rows.shape[1]))
    batch, few = score_batch(model, rows, many=True), score_batch(model, rows[:N_EXPLAINED])
    for name in ("margins", "risks", "told"):
        ours, by_numpy = getattr(batch, name)[:N_EXPLAINED], getattr(few, name)
        same(np.nan_to_num(ours, nan=-1e9), np.nan_to_num(by_numpy, nan=-1e9), within=0.0)
    if model.kind == "lightgbm":
        plain = model.intercept + np.mean([one.predict(rows, raw_score=True) for one in boosters], axis=0)
        same(batch.margins[batch.is_scored], plain[batch.is_scored], within=1e-9)
    return timed(
        lambda: score_batch(model, rows, many=True),
        lambda: [one.predict(rows, raw_score=True, num_threads=1) for one in boosters],
        n_ours=len(rows),
        n_theirs=len(rows),
    )


def large_model(seed: int = 0) -> tuple[lightgbm.Booster, np.ndarray]:
    """Train 300 trees of 31 leaves on 60 numeric features, with missing values and columns mostly zero."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(60_000, 60))
    rows[:, 20:35] *= chance.random((len(rows), 15)) < 0.3
    rows[:, 50:] = chance.integers(0, 12, size=(len(rows), 10))
    rows[:, :20][chance.random((len(rows), 20)) < 0.15] = np.nan
    known = np.nan_to_num(rows)
    margin = known @ chance.normal(size=60) * 0.3 + known[:, 0] * known[:, 1] - 1
    label = (margin + chance.logistic(size=len(rows)) > 0).astype(float)
    settings = {
        "objective": "binary",
        "num_leaves": 31,
        "learning_rate": 0.05,
        "num_threads": 1,
        "verbose": -1,
    }
    data = lightgbm.Dataset(rows, label, params=settings)
    return lightgbm.train(settings, data, num_boost_round=300), rows


def demonstrated(
    workspace: Workspace, keys: Path, today: date
) -> Iterator[tuple[PublishedModel, list[lightgbm.Booster], np.ndarray]]:
    """Return each published model of the demonstration, its trees as LightGBM's, and its cohort's rows."""
    key = public_key(keys)
    for name in published_models(workspace):
        model = load_current(workspace, name, key)
        folder = workspace.published / name / model.version
        declared = read_declared(folder)
        tables = open_tables(workspace, declared.contract)
        matrix = build_matrix(
            tables,
            declared.contract,
            declared.indicators,
            cohort=declared.cohort,
            moments=moments_on(declared.contract, tables, today),
            families=declared.families,
        )
        tables.close()
        rows = encoded_values(matrix, model.encoding, model.features, where=name)
        trees = sorted(folder.glob("trees_*.txt"))
        yield model, [lightgbm.Booster(model_file=str(path)) for path in trees], rows


def measured(workspace: Workspace, keys: Path) -> Part:
    """Measure one model after the other."""
    rows_of_table, told = [], []
    for model, boosters, rows in demonstrated(workspace, keys, TODAY):
        name = f"{model.network}/{model.model}"
        told.append(explained(name, boosters[0], rows))
        rows_of_table.append(_times(1, told[-1]))
        pair = with_reasons(model, boosters, rows)
        rows_of_table.append(
            Row(
                3,
                f"{name}, {len(boosters)} seeds, {model.kind}",
                f"{1 / pair.times_faster:.2f}x",
                f"{1 / max(pair.ratios):.2f} to {1 / min(pair.ratios):.2f}",
                f"{pair.ours:.2f} µs a row",
                f"{pair.theirs:.2f} µs",
            )
        )
    told.append(explained("300 x 31", *large_model()))
    rows_of_table.append(_times(2, told[-1]))
    return Part("Explanations", tuple(rows_of_table), (*LINES, *(one.line() for one in told)))


def _times(number: int, one: Explained) -> Row:
    pair = one.beside_contrib
    figure = f"{pair.times_faster:.0f}x"
    return Row(number, one.name, figure, pair.spread(), f"{pair.ours:.2f} µs a row", f"{pair.theirs:.1f} µs")


def main() -> None:
    """Measure, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=DEMO)
    demo = parser.parse_args().demo
    keep(measured(Workspace(demo / "workspace"), demo / "keys"))


if __name__ == "__main__":
    main()

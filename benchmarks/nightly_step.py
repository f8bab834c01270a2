"""Set the nightly step beside the usual way: a Parquet file of features in, one of scores and reasons out.

`python -m benchmarks.nightly_step` reads the features of the two models that `make demo` trained, drawn with
repeats to as many rows as a night has. Ours is the scorer that `earlywarn score` runs, batch by batch; the
usual way is pandas, LightGBM's `predict` and `pred_contrib` of each seed, and the five largest attributions
of each row. Both have one thread; `pred_contrib` is slow, so the usual way has fewer rows, and what is set
side by side is processor time a row. Before anything is timed, both must say the same of each row.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.explaining import demonstrated
from benchmarks.pairs import ROUNDS, Pair, same, timed
from benchmarks.results import Part, Row, keep
from earlywarn.pipeline.demo import TODAY
from earlywarn.scoring import SCORES, PublishedModel, score_features, tell
from earlywarn.scoring.telling import arrow_reasons
from earlywarn.workspace import Workspace

DEMO = Path(__file__).parent.parent / ".earlywarn" / "demo"
N_ROWS, N_USUAL = 200_000, 4_000
BATCH, MOST = 8192, 5
UNIT = "student_id"


@dataclass(frozen=True)
class Step:
    """One model, its trees as LightGBM's, and its files of features: all rows, and few for the usual way."""

    model: PublishedModel
    boosters: list[lightgbm.Booster]
    many: Path
    few: Path

    @property
    def weight(self) -> float:
        """Return how much the mean of the trees counts in the margin."""
        return float(str(self.model.details.get("tree_weight", 1.0)))


def step(model: PublishedModel, boosters: list[lightgbm.Booster], rows: np.ndarray, folder: Path) -> Step:
    """Write the features of a model as a night has them: one column each, and whose row it is."""
    chance = np.random.default_rng(0)
    drawn = rows[chance.integers(0, len(rows), N_ROWS)]
    columns = {UNIT: [f"{number:032x}" for number in range(N_ROWS)]}
    table = pa.table(columns | dict(zip(model.features, drawn.T, strict=True)))
    many, few = folder / f"{model.model}.parquet", folder / f"{model.model}_few.parquet"
    pq.write_table(table, many, compression="zstd")
    pq.write_table(table.slice(0, N_USUAL), few, compression="zstd")
    return Step(model, boosters, many, few)


def ours(one: Step, features: Path, answer: Path) -> None:
    """Score and explain by the scorer of `earlywarn score`."""
    source = pq.ParquetFile(features)
    schema = pa.schema([source.schema_arrow.field(UNIT), *SCORES])
    with pq.ParquetWriter(answer, schema, compression="zstd") as writer:
        for batch in source.iter_batches(BATCH, use_threads=False):
            writer.write_batch(score_features(one.model, batch))


def usual(one: Step, features: Path, answer: Path) -> None:
    """Score and explain by pandas and LightGBM, and keep the five largest attributions of each row."""
    frame = pd.read_parquet(features, use_threads=False)
    values = frame[list(one.model.features)]
    margins, contributions = usual_numbers(one, values)
    largest = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :MOST]
    told = {UNIT: frame[UNIT], "margin": margins, "risk": one.model.risks(margins)}
    names, row = np.array(one.model.features), np.arange(len(frame))
    for place in range(MOST):
        chosen = largest[:, place]
        told |= {f"feature_{place}": names[chosen], f"attribution_{place}": contributions[row, chosen]}
        told[f"value_{place}"] = values.to_numpy()[row, chosen]
    pd.DataFrame(told).to_parquet(answer, compression="zstd")


def usual_numbers(one: Step, values: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return margins by `predict`, and each feature's attribution by `pred_contrib`, means over the seeds."""
    plain = values.to_numpy()
    trees = np.mean([each.predict(values, raw_score=True, num_threads=1) for each in one.boosters], axis=0)
    told = np.mean([each.predict(values, pred_contrib=True, num_threads=1) for each in one.boosters], axis=0)
    contributions = told[:, :-1] * one.weight
    margins = one.model.intercept + one.weight * trees
    linear = one.model.linear
    if linear.column.size:
        lines = linear.attributions(plain)
        contributions[:, linear.column] += lines
        margins = margins + linear.base + lines.sum(axis=1)
    return margins, contributions


def asserted(one: Step, folder: Path) -> float:
    """Refuse to time answers that differ: margins, and reasons that are told from either's attributions.

    Returns:
        The largest difference of a reason's attribution.
    """
    answer = folder / "answer.parquet"
    ours(one, one.few, answer)
    found = pq.read_table(answer)
    values = pd.read_parquet(one.few)[list(one.model.features)]
    margins, contributions = usual_numbers(one, values)
    same(found["margin"].to_numpy(), margins, within=1e-9)
    told = arrow_reasons(tell(one.model, values.to_numpy(), contributions))
    reasons = found["reasons"].combine_chunks()
    for name in ("number", "value", "own_past", "peers"):
        if not _flat(reasons, name).equals(_flat(told, name)):
            raise SystemExit(f"{one.model.model}: reasons differ in '{name}'")
    shares = (np.asarray(_flat(each, "attribution")) for each in (reasons, told))
    return same(*shares, within=1e-9)


def _flat(reasons: Any, name: str) -> pa.Array[Any]:
    """Return one number of every reason, whosever it is."""
    found: pa.Array[Any] = reasons.flatten().field(name)
    return found


def measured(steps: list[Step], folder: Path) -> Pair:
    """Time a night's step, both models together."""
    answer = folder / "answer.parquet"

    def by_ours() -> None:
        for one in steps:
            ours(one, one.many, answer)

    def by_the_usual() -> None:
        for one in steps:
            usual(one, one.few, answer)

    return timed(by_ours, by_the_usual, n_ours=N_ROWS, n_theirs=N_USUAL)


def main() -> None:
    """Measure, and keep the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=DEMO)
    demo = parser.parse_args().demo
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps = [
            step(model, boosters, rows, folder)
            for model, boosters, rows in demonstrated(Workspace(demo / "workspace"), demo / "keys", TODAY)
        ]
        differences = [asserted(one, folder) for one in steps]
        pair = measured(steps, folder)
        size = sum(one.many.stat().st_size for one in steps)
    of = " and ".join(f"{one.model.model} ({one.model.kind}, {len(one.boosters)} seeds)" for one in steps)
    row = Row(
        4,
        of,
        f"{pair.times_faster:.0f}x",
        f"{pair.spread()}",
        f"{pair.ours:.1f} µs a student",
        f"{pair.theirs:,.0f} µs a student",
    )
    lines = (
        f"{N_ROWS:,} rows of features of each model ({size / 1e6:.0f} MB of Parquet) for ours, {N_USUAL:,} "
        f"of them for the usual way; processor time of one thread, {ROUNDS} rounds in turn. Reasons told "
        f"from either side's attributions are the same on {N_USUAL:,} rows, evidence included; attributions "
        f"differ by at most {max(differences):.0e}.",
    )
    keep(Part("The nightly step", (row,), lines))


if __name__ == "__main__":
    main()

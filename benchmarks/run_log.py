"""Time what a training's record in MLflow costs: `python -m benchmarks.run_log`.

A run of the size that a training of the demonstration leaves (350 figures, 12 pictures, 6 candidates, 60
trials, 30 batches) is recorded three times in a fresh SQLite store, and the quickest is printed. On a busy
machine the processor's own seconds are what counts.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from earlywarn.registry import ChildRun, DataInput, Registry, RunRecord, open_registry
from tests.builders.published import write_bundle

N_CANDIDATES, N_TRIALS = 6, 10
METRICS = {f"strict/part {place // 20}/figure {place}": place / 400 for place in range(350)}
SETTINGS = {f"setting {place}": str(place) for place in range(8)}
INPUTS = [
    DataInput(f"table batch {place}", f"{place:064d}", "tables", {"a": "double"}, {"num_rows": place})
    for place in range(30)
]


def main() -> None:
    """Print the seconds of a whole record, with and without nested runs."""
    with tempfile.TemporaryDirectory() as folder:
        write_bundle(Path(folder) / "bundle", n_seeds=3, n_rounds=100)
        registry = open_registry(Path(folder) / "mlflow")
        for name, children in (("without nested runs", []), ("with 6 candidates and 60 trials", _children())):
            told = [_seconds(registry, Path(folder) / "bundle", children) for _ in range(3)]
            wall, processor = (min(one) for one in zip(*told, strict=True))
            print(f"a run {name}: {wall:.2f} s, of the processor {processor:.2f} s")


def _children() -> list[ChildRun]:
    trials = [ChildRun("trial", SETTINGS, {"tuning/loss": 0.3}) for _ in range(N_TRIALS)]
    return [ChildRun("candidate", SETTINGS, METRICS, children=trials) for _ in range(N_CANDIDATES)]


def _seconds(registry: Registry, bundle: Path, children: list[ChildRun]) -> tuple[float, float]:
    started, worked = time.perf_counter(), time.process_time()
    registry.record(
        RunRecord(
            experiment="timed",
            model="timed",
            params=SETTINGS,
            metrics=METRICS,
            tags={},
            bundle=bundle,
            texts={"CARD.md": "#" * 10_000},
            files={f"pictures/{place}.svg": b"x" * 100_000 for place in range(12)},
            children=children,
            inputs=INPUTS,
        )
    )
    return time.perf_counter() - started, time.process_time() - worked


if __name__ == "__main__":
    main()

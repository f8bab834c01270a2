"""Time a whole training at the size of a province, and watch its memory step by step.

`python benchmarks/training.py --students 1400000 --folder FOLDER` invents a network there, takes it in,
trains `quebec/dropout` by the same verb as `earlywarn train`, and writes `benchmarks/training.md`: wall time,
processor time and peak memory of each step, and the load of the machine beside them. Every step runs in a
process of its own, and one that is done is not done again: a run that was broken off goes on where it
stopped.
`--again train` repeats a step. A process that takes more than `--most-memory` GiB is ended.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import psutil

HERE = Path(__file__).parent
NETWORK = HERE.parent / "models" / "quebec"
TODAY = date(2026, 11, 20)
STEPS = ("synthesize", "ingest", "train")
PAGE = HERE / "training.md"
YEARS = 6
"""School years of the network: a training learns from several."""
MOST_MINUTES, MOST_MEMORY = 30, 16.0
SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class Lap:
    """One part of a step: how long it took, and the most memory its process held meanwhile."""

    name: str
    wall: float
    processor: float
    peak: float
    load: float


def run(asked: str, folder: Path, n_students: int, n_years: int) -> None:
    """Do one step in this process, and note when each part of it begins."""
    notes = (folder / f"{asked}.notes").open("w", encoding="utf-8")

    def note(step: str, done: int = 0, total: int = 0) -> None:
        used = os.times()
        load = os.getloadavg()[0]
        print(json.dumps([step, time.time(), used.user + used.system, load]), file=notes, flush=True)

    note("start")
    if asked == "synthesize":
        from earlywarn.synthetic import synthesize

        network, size = folder / "network", {"n_students": n_students, "n_school_years": n_years}
        synthesize(network, **size, until=TODAY, progress=note)
    elif asked == "ingest":
        from earlywarn.pipeline.ingest import ingest
        from earlywarn.workspace import Workspace

        ingest(
            NETWORK,
            folder / "network",
            Workspace(folder / "workspace"),
            received_on=TODAY,
            backfill=True,
            keys=folder / "keys",
            progress=note,
        )
    elif asked == "score":
        from earlywarn.pipeline.score import score
        from earlywarn.workspace import Workspace

        workspace, keys = Workspace(folder / "workspace"), folder / "keys"
        run = score(NETWORK, workspace, as_of=TODAY, today=TODAY, keys=keys, progress=note)
        (folder / "scored.txt").write_text(run.summary() + "\n", encoding="utf-8")
    else:
        from earlywarn.pipeline.train import train
        from earlywarn.workspace import Workspace

        result = train(NETWORK / "dropout", Workspace(folder / "workspace"), today=TODAY, progress=note)
        (folder / "report.txt").write_text(result.table + "\n", encoding="utf-8")
    note("end")


def watched(
    step: str, folder: Path, n_students: int, most_memory: float, *, n_years: int = YEARS
) -> list[Lap]:
    """Do one step in a process of its own, look at its memory, and end it where it takes too much."""
    command = [sys.executable, __file__, "--step", step, "--students", str(n_students)]
    command += ["--years", str(n_years)]
    started = time.time()
    process = psutil.Popen([*command, "--folder", str(folder)])
    looks: list[tuple[float, float]] = []
    while process.poll() is None:
        looks.append((time.time(), _memory(process)))
        if looks[-1][1] > most_memory:
            for one in [*process.children(recursive=True), process]:
                one.kill()
            raise SystemExit(f"{step} took more than {most_memory} GiB after {time.time() - started:.0f} s")
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if process.returncode:
        raise SystemExit(f"{step} ended with status {process.returncode}")
    return _laps((folder / f"{step}.notes").read_text(encoding="utf-8"), looks)


def _memory(process: psutil.Process) -> float:
    """Return what a process and its children hold, in GiB; pages that several share are counted once."""
    total = 0
    try:
        for one in [process, *process.children(recursive=True)]:
            total += one.memory_full_info().pss
    except psutil.NoSuchProcess:
        pass
    return total / 2**30


def _laps(notes: str, looks: list[tuple[float, float]]) -> list[Lap]:
    """Sum the parts of a step by name, in the order they began."""
    told = [json.loads(line) for line in notes.splitlines()]
    found: dict[str, Lap] = {}
    for (name, begins, used, _), (_, ends, then, load) in pairwise(told):
        peak = max((memory for at, memory in looks if begins <= at <= ends), default=0.0)
        one = found.get(name, Lap(name, 0.0, 0.0, 0.0, 0.0))
        found[name] = Lap(
            name, one.wall + ends - begins, one.processor + then - used, max(one.peak, peak), load
        )
    return list(found.values())


def done(folder: Path, step: str) -> list[Lap] | None:
    """Return what a step took, if it is done."""
    kept = folder / f"{step}.json"
    if not kept.is_file():
        return None
    return [Lap(**lap) for lap in json.loads(kept.read_text(encoding="utf-8"))]


def page(folder: Path) -> list[str]:
    """Return the lines of the page: a table for every size that was run in a folder."""
    lines = [
        "# Training at size",
        "",
        "Written by `python benchmarks/training.py --students N --folder FOLDER` for each size, "
        f"{os.cpu_count()} cores; the model is `quebec/dropout` of the invented network.",
        "Wall time is of a machine that others use too, whose load stands beside it; processor time is of "
        "this process alone, all threads together.",
    ]
    sizes = sorted(int(one.name) for one in folder.iterdir() if one.name.isdigit())
    for n_students in sizes:
        here = folder / str(n_students)
        if done(here, "train") is None:
            continue
        lines += ["", f"## {n_students:,} students", "", *_table(here)]
        report = (here / "report.txt").read_text(encoding="utf-8").splitlines()
        told = [line for line in report if line.startswith(("strict:", "chosen:", "all  "))]
        lines += ["", "```", *told, "```"]
    return lines


def _table(folder: Path) -> list[str]:
    lines = [
        "| step | part | wall | processor | peak memory | load |",
        "|---|---|---|---|---|---|",
    ]
    for step in STEPS:
        laps = done(folder, step) or []
        if step == "train":
            lines += [_line(step, lap) for lap in laps]
        whole = Lap(
            "**whole**",
            sum(lap.wall for lap in laps),
            sum(lap.processor for lap in laps),
            max((lap.peak for lap in laps), default=0.0),
            max((lap.load for lap in laps), default=0.0),
        )
        lines.append(_line(step, whole))
    return lines


def _line(step: str, lap: Lap) -> str:
    return (
        f"| {step} | {lap.name} | {lap.wall:,.0f} s | {lap.processor:,.0f} s | {lap.peak:.1f} GiB "
        f"| {lap.load:.1f} |"
    )


def main() -> None:
    """Do what is not yet done, print the page and write it beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=1_400_000)
    parser.add_argument("--years", type=int, default=YEARS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--again", choices=STEPS, action="append", default=[])
    parser.add_argument("--most-memory", type=float, default=MOST_MEMORY)
    parser.add_argument("--step", choices=(*STEPS, "score"))
    given = parser.parse_args()
    if given.step:
        run(given.step, given.folder, given.students, given.years)
        return
    folder = given.folder / str(given.students)
    folder.mkdir(parents=True, exist_ok=True)
    for step in STEPS:
        if done(folder, step) is not None and step not in given.again:
            continue
        # Inventing the network is no part of the promise, and takes what it takes.
        most = given.most_memory if step == "train" else float("inf")
        laps = watched(step, folder, given.students, most)
        kept = json.dumps([asdict(lap) for lap in laps], indent=1)
        (folder / f"{step}.json").write_text(kept + "\n", encoding="utf-8")
    lines = page(given.folder)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    laps = done(folder, "train") or []
    minutes, peak = sum(lap.wall for lap in laps) / 60, max(lap.peak for lap in laps)
    kept_to = minutes <= MOST_MINUTES and peak <= MOST_MEMORY
    print(f"{given.students:,} students: {minutes:.1f} minutes, {peak:.1f} GiB: ", end="")
    print("within the bounds" if kept_to else f"NOT within {MOST_MINUTES} minutes and {MOST_MEMORY:.0f} GiB")


if __name__ == "__main__":
    main()

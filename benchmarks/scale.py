"""Measure what portions of a night cost, and plan for networks that no one machine scores.

`python -m benchmarks.scale --students 200000 --folder FOLDER` takes the network that `benchmarks/training.py`
invented and took in there, and the two models of `make demo`, and writes `benchmarks/scale.md`. It scores one
portion of each of several sizes, each in a process of its own, then runs a whole night and loads it into an
embedded PostgreSQL. What it says of 50 million students is what it measured, times the students: estimates,
told apart from measurements.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks.night import DEMO, YEARS, network_of
from benchmarks.province import FIRST_NIGHT, Night, Server, prepare
from benchmarks.province import watched as night_of
from earlywarn.pipeline.night import MOST_MEMBERSHIPS, excerpts_for, plan_night
from earlywarn.pipeline.portions import read_excerpt, score_portion, write_excerpt
from earlywarn.pipeline.run_files import read_run, staging_folder
from earlywarn.publication import load_current, public_key, published_models
from earlywarn.workspace import Workspace

HERE = Path(__file__).parent
PAGE = HERE / "scale.md"
SIZES = (MOST_MEMBERSHIPS // 2, MOST_MEMBERSHIPS, 2 * MOST_MEMBERSHIPS)
MEGABYTE, GIBIBYTE, MILLION = 1e6, 2**30, 1e6
TARGET = 50_000_000
HOURS_OF_A_NIGHT = 1.0


@dataclass(frozen=True)
class Cost:
    """What one portion took of one process, and what it read and wrote."""

    memberships: int
    portions: int
    students: int
    scores: int
    plan: float
    processor: float
    peak: float
    read: int
    written: int
    line: int


def one_portion(work: Path, memberships: int) -> Cost:
    """Plan a night, and score the portion in its middle, in this process."""
    workspace = Workspace(work / "workspace")
    key = public_key(work / "keys")
    models = [load_current(workspace, name, key) for name in published_models(workspace)]
    began = time.process_time()
    night = plan_night(
        workspace,
        models,
        as_of=FIRST_NIGHT,
        stage=None,
        key=key.public_bytes_raw().hex(),
        most_memberships=memberships,
    )
    staging = staging_folder(workspace, night.digest)
    for each, excerpt in excerpts_for(workspace, night, night.portions):
        write_excerpt(staging, each, excerpt)
    planned = time.process_time() - began
    portion = night.portions[len(night.portions) // 2]
    read_from = read_excerpt(staging, portion)
    if read_from is None:
        raise SystemExit("the network is one portion: give a larger one")
    line, process = portion.model_dump_json(), psutil.Process()
    read_before, began = process.io_counters().read_chars, time.process_time()
    score_portion(str(workspace.home), staging.name, line)
    used, read = time.process_time() - began, process.io_counters().read_chars - read_before
    files = list(staging.glob("*/*/*.parquet"))
    scored = [path for path in files if path.parent.name == "scores"]
    found = Cost(
        memberships,
        len(night.portions),
        len(read_from.students),
        sum(_n_rows(path) for path in scored),
        planned,
        used,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIBIBYTE,
        read,
        sum(path.stat().st_size for path in files),
        len(line),
    )
    shutil.rmtree(staging)
    return found


def _n_rows(path: Path) -> int:
    from pyarrow.parquet import read_metadata

    return int(read_metadata(path).num_rows)


def costs(work: Path) -> list[Cost]:
    """Measure a portion of each size, in a process of its own."""
    found = []
    # Once before: machine code is made when it is first asked for, and kept.
    for size in (SIZES[0], *SIZES):
        command = [sys.executable, "-m", "benchmarks.scale", "--portion", str(size), "--work", str(work)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)  # noqa: S603
        found.append(Cost(**json.loads(answer.stdout.splitlines()[-1])))
    return found[1:]


@dataclass(frozen=True)
class Sizes:
    """Bytes of what stays, of a whole network."""

    tables: int
    run: int
    database: int
    each_night: int


def sizes(workspace: Workspace, first: Night, second: Night, third: Night) -> Sizes:
    """Add up files, and the database: from the third night on it thins the run before the last."""
    return Sizes(
        tables=_bytes(workspace.tables),
        run=_bytes(read_run(workspace).folder),
        database=second.database_bytes,
        each_night=third.database_bytes - second.database_bytes,
    )


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.resolve().rglob("*.parquet"))


def page(n_students: int, found: list[Cost], nights: list[Night], bytes_of: Sizes) -> list[str]:
    """Write the page."""
    return [
        "# What a portion costs, and a plan for 50 million students",
        "",
        f"Written by `python -m benchmarks.scale --students {n_students} --folder FOLDER`: "
        f"{n_students:,} students of the invented network, {YEARS} school years, the two models of "
        f"`make demo`; {os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}.",
        "",
        "## Measured: one portion, in one process with one thread",
        "",
        "| enrollments | portions of the network | students read | scores | processor | peak memory | read "
        "| written | through the cluster |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {one.memberships:,} | {one.portions} | {one.students:,} | {one.scores:,} "
            f"| {one.processor:.1f} s | {one.peak:.2f} GiB | {one.read / MEGABYTE:,.0f} MB "
            f"| {one.written / MEGABYTE:,.1f} MB | {one.line / 1e3:.1f} kB |"
            for one in found
        ),
        "",
        *_whole(n_students, nights, bytes_of),
        "",
        f"The program's processes held at most {nights[-1].whole.program_peak:.1f} GiB together, scoring and "
        "loading: a portion each, and some rows at a time, whatever the network.",
        "",
        *_plan(n_students, found[SIZES.index(MOST_MEMBERSHIPS)], nights[-1], bytes_of),
    ]


def _whole(n_students: int, nights: list[Night], bytes_of: Sizes) -> list[str]:
    millions, night = n_students / MILLION, nights[-1]
    scored = night.scored.program / millions
    loaded = (night.whole.program - night.scored.program + night.whole.database) / millions
    return [
        "## Measured: a following night, for a million students",
        "",
        "| what | of a million students |",
        "|---|---|",
        f"| features, scores and reasons to Parquet, processor | {scored:,.0f} s |",
        f"| loading into PostgreSQL, processor of both sides | {loaded:,.0f} s |",
        f"| tables of {YEARS} school years | {bytes_of.tables / MEGABYTE / millions:,.0f} MB |",
        f"| a run's files | {bytes_of.run / MEGABYTE / millions:,.0f} MB |",
        f"| the database, with the last two runs whole | {bytes_of.database / MEGABYTE / millions:,.0f} MB |",
        f"| what each further night adds to it | {bytes_of.each_night / MEGABYTE / millions:,.0f} MB |",
    ]


def _plan(n_students: int, cost: Cost, night: Night, bytes_of: Sizes) -> list[str]:
    times = TARGET / n_students
    n_portions = math.ceil(times * cost.portions)
    hours = times * night.scored.program / 3600
    loading = times * (night.whole.wall - night.scored.wall) / 3600
    return [
        f"## Estimated: {TARGET:,} students, portions of {cost.memberships:,} enrollments",
        "",
        "| what | of all |",
        "|---|---|",
        f"| portions | {n_portions:,} |",
        f"| processor, tables to Parquet | {hours:,.1f} core hours |",
        f"| cores for a night of {HOURS_OF_A_NIGHT:.0f} hour | {math.ceil(hours / HOURS_OF_A_NIGHT)} |",
        f"| memory of a worker process | {cost.peak:.2f} GiB |",
        f"| read from the shared folder | {n_portions * cost.read / MEGABYTE / 1e3:,.0f} GB |",
        f"| written to it | {times * bytes_of.run / MEGABYTE / 1e3:,.1f} GB |",
        f"| through the cluster's own network | {n_portions * cost.line / MEGABYTE:,.1f} MB |",
        f"| planning, on the machine that gives the command | {times * cost.plan / 60:,.1f} minutes |",
        f"| loading, by one machine into one database | {loading:,.1f} hours |",
        f"| the database, with the last two runs whole "
        f"| {times * bytes_of.database / MEGABYTE / 1e3:,.0f} GB |",
        f"| what each further night adds to it | {times * bytes_of.each_night / MEGABYTE / 1e3:,.0f} GB |",
    ]


def main() -> None:
    """Measure, print the page and write it beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=200_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--demo", type=Path, default=DEMO)
    parser.add_argument("--work", type=Path, default=HERE.parent / ".earlywarn" / "bench-scale")
    parser.add_argument("--portion", type=int, help="Score one portion of this size, and print its cost.")
    given = parser.parse_args()
    if given.portion:
        print(json.dumps(asdict(one_portion(given.work, given.portion))))
        return
    folder = given.folder / str(given.students)
    network_of(folder, given.students)
    workspace, keys = prepare(folder, given.demo, given.work)
    found = costs(given.work)
    server = Server(workspace)
    nights = [night_of(workspace, keys, server, FIRST_NIGHT.replace(day=20 + later)) for later in range(3)]
    lines = page(given.students, found, nights, sizes(workspace, *nights))
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

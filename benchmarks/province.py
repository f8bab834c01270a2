"""Time a province's nights as they are run: `earlywarn score`, tables to rosters in PostgreSQL.

`python -m benchmarks.province --students 1400000 --folder FOLDER` takes the network that
`benchmarks/night.py` invents and takes in there, and the two models of `make demo`; it works in a folder
of its own, on an embedded PostgreSQL. The first night fills an empty database; of the two that follow, each a
day later, the last is told: from then on every night also thins the run before the last.
Processor time and memory are told apart for the program and for the database: what all processes of each use,
with pages that several share counted once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import psutil
from sqlalchemy import text

from benchmarks.night import DEMO, SIGNING, YEARS, network_of
from benchmarks.results import Part, Row, keep
from earlywarn.store import open_database, owner_engine
from earlywarn.workspace import Workspace

HERE = Path(__file__).parent
FIRST_NIGHT = date(2026, 11, 20)
SECONDS_BETWEEN_LOOKS = 0.5
MEGABYTE, GIBIBYTE = 1e6, 2**30


@dataclass(frozen=True)
class Use:
    """How far a night has come at one moment: seconds of wall and processor time, and the most memory yet."""

    wall: float
    program: float
    database: float
    program_peak: float = 0.0
    database_peak: float = 0.0


@dataclass(frozen=True)
class Night:
    """One run of the verb: what scoring took, what the whole took, and when each part was in."""

    day: date
    scored: Use
    whole: Use
    said: tuple[str, ...]
    database_bytes: int


class Server:
    """The embedded database's processes, as the system counts them."""

    def __init__(self, workspace: Workspace) -> None:
        self.urls = open_database(workspace)
        first_line = (workspace.server / "postmaster.pid").read_text(encoding="utf-8").split()[0]
        self.process = psutil.Process(int(first_line))

    def bytes(self) -> int:
        """Return the size of the database on disk."""
        engine = owner_engine(str(self.urls.owner))
        with engine.begin() as connection:
            found = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        engine.dispose()
        return int(found)


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def processor_of(process: psutil.Process) -> float:
    """Return the seconds of a process and its children, those that have ended included."""
    seconds = 0.0
    for one in _family(process):
        try:
            used = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        seconds += used.user + used.system + used.children_user + used.children_system
    return seconds


def memory_of(process: psutil.Process) -> float:
    """Return what a process and its children hold together, in GiB."""
    held = 0
    for one in _family(process):
        try:
            held += one.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return held / GIBIBYTE


def prepare(folder: Path, demo: Path, work: Path) -> tuple[Workspace, Path]:
    """Lay a workspace that borrows what was taken in, with the demonstration's models."""
    shutil.rmtree(work, ignore_errors=True)
    workspace, keys = Workspace(work / "workspace"), work / "keys"
    workspace.home.mkdir(parents=True)
    for name in ("tables", "identities"):
        (workspace.home / name).symlink_to((folder / "workspace" / name).resolve())
    shutil.copytree(demo / "workspace" / "published", workspace.published)
    shutil.copytree(folder / "keys", keys)
    for name in SIGNING:
        shutil.copy(demo / "keys" / name, keys / name)
    return workspace, keys


def watched(workspace: Workspace, keys: Path, server: Server, day: date) -> Night:
    """Run the verb in a process of its own, and look at it and at the database until it ends."""
    verb = [sys.executable, "-c", "from earlywarn.cli import main; main()"]
    asked = ["score", str(HERE.parent / "models" / "quebec"), "--as-of", str(day), "--today", str(day)]
    folders = {"EARLYWARN_HOME": str(workspace.home), "EARLYWARN_KEYS": str(keys)}
    pointer = workspace.scores / "current"
    before = pointer.stat().st_mtime_ns if pointer.exists() else 0
    started, used_before = time.monotonic(), processor_of(server.process)
    process = psutil.Popen(
        [*verb, *asked],
        env=os.environ | folders,
        stderr=subprocess.PIPE,
        text=True,
    )
    now = Use(0.0, 0.0, 0.0)
    scored: Use | None = None
    while process.poll() is None:
        now = Use(
            time.monotonic() - started,
            max(now.program, processor_of(process)),
            processor_of(server.process) - used_before,
            max(now.program_peak, memory_of(process)),
            max(now.database_peak, memory_of(server.process)),
        )
        if scored is None and pointer.exists() and pointer.stat().st_mtime_ns != before:
            scored = now
        time.sleep(SECONDS_BETWEEN_LOOKS)
    wall = time.monotonic() - started
    said = process.stderr.read() if process.stderr is not None else ""
    if process.wait() or scored is None:
        raise SystemExit(f"the night ended with status {process.returncode}: {said}")
    whole = replace(now, wall=wall)
    lines = tuple(line.strip() for line in said.splitlines() if "load " in line)
    return Night(day, scored, whole, lines, server.bytes())


def part(n_students: int, nights: list[Night]) -> Part:
    """Put the nights into a table, with what the database takes."""
    first, _, third = nights
    millions = n_students / 1e6 * MEGABYTE
    sizes = [night.database_bytes / millions for night in nights]
    lines = [
        f"`earlywarn score quebec` for {n_students:,} students and two models, {os.cpu_count()} cores: "
        "the first night into an empty database, and the second after it.",
        "",
        "| night | part | wall | processor, program | processor, PostgreSQL | peak, program "
        "| peak, PostgreSQL |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, night in (("first", first), ("following", third)):
        scored, whole = night.scored, night.whole
        loaded = Use(
            whole.wall - scored.wall,
            whole.program - scored.program,
            whole.database - scored.database,
            whole.program_peak,
            whole.database_peak,
        )
        lines.append(_line(name, "features, scores, reasons to Parquet", scored))
        lines.append(_line(name, "names, scopes, scores, rosters to PostgreSQL", loaded))
        lines.append(_line(name, "**whole**", whole))
    lines += [
        "",
        f"The database takes **{sizes[0]:,.0f} MB a million students** after the first night and "
        f"{sizes[1]:,.0f} MB after the second, when it holds two whole runs; every night from then on adds "
        f"{sizes[2] - sizes[1]:,.0f} MB.",
        "",
        "When each part of the last night was in (two go on at once):",
        "",
        "```",
        *third.said,
        "```",
    ]
    rows = [
        Row(
            5,
            f"{n_students:,} students, {YEARS} school years, {name}",
            _figure(night.whole),
            ours=_ours(night.whole),
        )
        for name, night in (("a following night", third), ("the first night", first))
    ]
    return Part("The province, tables to rosters in PostgreSQL", tuple(rows), tuple(lines))


def _line(night: str, name: str, use: Use) -> str:
    return (
        f"| {night} | {name} | {use.wall:,.0f} s | {use.program:,.0f} s | {use.database:,.0f} s "
        f"| {use.program_peak:.1f} GiB | {use.database_peak:.1f} GiB |"
    )


def _figure(use: Use) -> str:
    return f"{use.wall:,.0f} s, {use.program_peak + use.database_peak:.1f} GiB"


def _ours(use: Use) -> str:
    return f"processor: {use.program:,.0f} s, PostgreSQL {use.database:,.0f} s"


def main() -> None:
    """Run the nights, keep the figures, and leave nothing but them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=1_400_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--demo", type=Path, default=DEMO)
    parser.add_argument("--work", type=Path, default=HERE.parent / ".earlywarn" / "bench-province")
    given = parser.parse_args()
    folder = given.folder / str(given.students)
    network_of(folder, given.students)
    workspace, keys = prepare(folder, given.demo, given.work)
    server = Server(workspace)
    nights = [watched(workspace, keys, server, FIRST_NIGHT + timedelta(days=later)) for later in range(3)]
    keep(part(given.students, nights))


if __name__ == "__main__":
    main()

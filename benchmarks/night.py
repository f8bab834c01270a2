"""Time whole nights without the store, and watch memory: features, scores and reasons from tables to Parquet.

`python -m benchmarks.night --folder FOLDER` invents networks of three sizes and three school years there and
takes them in, where that is not yet done, scores each with the two models that the demonstration published
(`make demo`), and keeps rows 6 and 10 of `benchmarks/RESULTS.md`. The network of six school years that
`benchmarks/training.py` learns from is scored beside them: windows without a limit look at all of it.
Each night runs in a process of its own; processor time and memory are of all processes that it starts.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.results import Part, Row, keep
from benchmarks.training import YEARS as LONGER_YEARS
from benchmarks.training import Lap, done, watched
from earlywarn.tables.ledger import read_ledger
from earlywarn.workspace import Workspace

HERE = Path(__file__).parent
DEMO = HERE.parent / ".earlywarn" / "demo"
SIGNING = ("signing.key", "signing.pub")
SIZES = (10_000, 100_000, 1_400_000)
MOST_MEMORY = 8.0
ROUNDS = 3
YEARS = 3
"""School years: this one, the one before, which features look back to, and one more."""


@dataclass(frozen=True)
class Night:
    """What one night took: seconds on the wall and of processors, GiB at most, and its parts."""

    wall: float
    processor: float
    peak: float
    laps: list[Lap]


def network_of(folder: Path, n_students: int, *, n_years: int = YEARS) -> None:
    """Invent a network and take it in, where that is not done."""
    folder.mkdir(parents=True, exist_ok=True)
    for step in ("synthesize", "ingest"):
        if done(folder, step) is None:
            laps = watched(step, folder, n_students, float("inf"), n_years=n_years)
            kept = json.dumps([asdict(lap) for lap in laps], indent=1)
            (folder / f"{step}.json").write_text(kept + "\n", encoding="utf-8")


def lend(demo: Path, folder: Path) -> None:
    """Put the demonstration's published models, and the key that they are signed with, into a workspace."""
    published = folder / "workspace" / "published"
    shutil.rmtree(published, ignore_errors=True)
    shutil.copytree(demo / "workspace" / "published", published)
    for name in SIGNING:
        shutil.copy(demo / "keys" / name, folder / "keys" / name)


def night(folder: Path, n_students: int) -> Night:
    """Score once, from nothing; an earlier night's files are no part of this one."""
    shutil.rmtree(folder / "workspace" / "scores", ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    laps = watched("score", folder, n_students, MOST_MEMORY)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Night(sum(lap.wall for lap in laps), used, max(lap.peak for lap in laps), laps)


def size_of(folder: Path) -> str:
    """Say how many absences and marks a workspace holds."""
    ledger = read_ledger(Workspace(folder / "workspace"))
    counted = {name: sum(one.n_rows for one in ledger.files_of(name)) for name in ("absences", "marks")}
    return " and ".join(f"{n / 1e6:.0f} million {name}" for name, n in counted.items())


def part_of(nights: dict[int, list[Night]], longer: list[Night], held: Sequence[str], said: str) -> Part:
    """Return the rows of the largest networks and of growth, and where the largest one's time goes."""
    sizes = sorted(nights)
    wall = {size: median(one.wall for one in nights[size]) for size in sizes}
    used = {size: median(one.processor for one in nights[size]) for size in sizes}
    largest = nights[sizes[-1]]
    rows = [
        _largest(f"{sizes[-1]:,} students, two models, {YEARS} school years: {held[0]}", largest),
        _largest(f"the same with {LONGER_YEARS} school years: {held[1]}", longer),
    ]
    if len(sizes) > 2:
        small, middle, large = sizes[0], sizes[-2], sizes[-1]
        first, then = (
            (used[more] - used[less]) / (more - less) * 1e6
            for less, more in ((small, middle), (middle, large))
        )
        each = ", ".join(f"{size:,}: {used[size] / size * 1e6:.0f} µs" for size in sizes)
        rows.append(
            Row(
                10,
                f"each further student, {middle:,} to {large:,} against {small:,} to {middle:,}",
                f"{then / first:.2f}x",
                f"whole nights: {each}",
                f"{then:.0f} µs of a processor",
                f"{first:.0f} µs",
            )
        )
    lines = [
        "Tables to Parquet: features, scores, exact reasons and rosters of the two models of `make demo`.",
        "",
        "| students | wall | processor | peak memory |",
        "|---|---|---|---|",
        *(
            f"| {size:,} | {wall[size]:.1f} s | {used[size]:.1f} s "
            f"| {max(one.peak for one in nights[size]):.1f} GiB |"
            for size in sizes
        ),
        "",
        f"Where the wall time of {sizes[-1]:,} students goes, in the last round:",
        "",
        "| part | wall | peak memory | load |",
        "|---|---|---|---|",
        *(
            f"| {lap.name} | {lap.wall:.1f} s | {lap.peak:.1f} GiB | {lap.load:.1f} |"
            for lap in largest[-1].laps
        ),
        "",
        "```",
        *said.splitlines(),
        "```",
    ]
    return Part("A night without the store", tuple(rows), tuple(lines))


def _largest(name: str, nights: list[Night]) -> Row:
    wall, peak = sorted(one.wall for one in nights), max(one.peak for one in nights)
    used = median(one.processor for one in nights)
    return Row(
        6,
        name,
        f"{median(wall):.1f} s, {peak:.2f} GiB",
        f"{wall[0]:.1f} to {wall[-1]:.1f} s",
        f"{used:.0f} s of processors",
    )


def main() -> None:
    """Score every size in turn, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, nargs="+", default=SIZES)
    parser.add_argument("--folder", type=Path, default=HERE.parent / ".earlywarn" / "bench-night")
    parser.add_argument("--longer", type=Path, default=HERE.parent / ".earlywarn" / "bench-training")
    parser.add_argument("--demo", type=Path, default=DEMO)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    folders = {size: given.folder / str(size) for size in sorted(given.students)}
    largest = max(folders)
    longer = given.longer / str(largest)
    for size, folder in folders.items():
        network_of(folder, size)
        lend(given.demo, folder)
    network_of(longer, largest, n_years=LONGER_YEARS)
    lend(given.demo, longer)
    nights: dict[int, list[Night]] = {size: [] for size in folders}
    of_longer: list[Night] = []
    for _ in range(given.rounds):
        for size, folder in folders.items():
            nights[size].append(night(folder, size))
        of_longer.append(night(longer, largest))
    said = (folders[largest] / "scored.txt").read_text(encoding="utf-8")
    keep(part_of(nights, of_longer, [size_of(folders[largest]), size_of(longer)], said))


if __name__ == "__main__":
    main()

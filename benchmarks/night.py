"""Time a night's scores at the size of a province, and watch memory: features, scores and reasons, no store.

`python -m benchmarks.night --students 1400000 --folder FOLDER` scores the network that
`benchmarks/training.py` invented and took in there, with the two models that the demonstration published
(`make demo`), and writes `benchmarks/night.md`.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from benchmarks.training import Lap, done, watched

HERE = Path(__file__).parent
DEMO = HERE.parent / ".earlywarn" / "demo"
PAGE = HERE / "night.md"
SIGNING = ("signing.key", "signing.pub")
MOST_MEMORY = 8.0


def lend(demo: Path, folder: Path) -> None:
    """Put the demonstration's published models, and the key that they are signed with, into a workspace."""
    published = folder / "workspace" / "published"
    shutil.rmtree(published, ignore_errors=True)
    shutil.copytree(demo / "workspace" / "published", published)
    for name in SIGNING:
        shutil.copy(demo / "keys" / name, folder / "keys" / name)


def page(n_students: int, laps: list[Lap], said: str) -> list[str]:
    """Write the page."""
    whole = Lap(
        "**whole**",
        sum(lap.wall for lap in laps),
        sum(lap.processor for lap in laps),
        max(lap.peak for lap in laps),
        max(lap.load for lap in laps),
    )
    return [
        "# A night's scores",
        "",
        "Written by `python -m benchmarks.night --students N --folder FOLDER`: features from tables, scores, "
        f"exact reasons and rosters to Parquet, with the two models of `make demo`; {os.cpu_count()} cores.",
        "",
        f"## {n_students:,} students",
        "",
        "| part | wall | processor | peak memory | load |",
        "|---|---|---|---|---|",
        *(_line(lap) for lap in (*laps, whole)),
        "",
        "```",
        *said.splitlines(),
        "```",
    ]


def _line(lap: Lap) -> str:
    return (
        f"| {lap.name} | {lap.wall:,.0f} s | {lap.processor:,.0f} s | {lap.peak:.1f} GiB | {lap.load:.1f} |"
    )


def main() -> None:
    """Score, print the page and write it beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=1_400_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--demo", type=Path, default=DEMO)
    given = parser.parse_args()
    folder = given.folder / str(given.students)
    if done(folder, "ingest") is None:
        raise SystemExit(f"nothing was taken in at {folder}: run benchmarks/training.py first")
    lend(given.demo, folder)
    laps = watched("score", folder, given.students, MOST_MEMORY)
    lines = page(given.students, laps, (folder / "scored.txt").read_text(encoding="utf-8"))
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

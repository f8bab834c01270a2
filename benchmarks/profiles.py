"""Show where the time of a night and of one online request goes, as pictures.

`python -m benchmarks.profiles night --folder FOLDER` has `earlywarn score` done under py-spy on the network
that `benchmarks/night.py` took in there, into an empty database; `python -m benchmarks.profiles request`
asks the demonstration's service for scores with reasons meanwhile. Both write a picture beside this file.
Samples are of processor time, of all processes of the program; what PostgreSQL does beside them is not seen.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.explaining import demonstrated
from benchmarks.icicle import draw, tree_of
from benchmarks.night import network_of
from benchmarks.online import DEMO, MODEL, N_BODIES, of_ours
from benchmarks.province import prepare
from earlywarn.pipeline.demo import TODAY
from earlywarn.workspace import Workspace

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
SECONDS = 10


def night(folder: Path, demo: Path) -> None:
    """Draw a night: tables to rosters in PostgreSQL."""
    command = [str(BIN / "earlywarn"), "score", "quebec", "--as-of", TODAY.isoformat()]
    command += ["--today", TODAY.isoformat()]
    with tempfile.TemporaryDirectory() as work:
        workspace, keys = prepare(folder, demo, Path(work))
        settings = {"EARLYWARN_HOME": str(workspace.home), "EARLYWARN_KEYS": str(keys)}
        kept = Path(work) / "stacks"
        spying = _command(["--subprocesses", "--rate", "50", "--", *command], kept)
        subprocess.run(spying, check=True, env=os.environ | settings)  # noqa: S603 - our own command
        _write(
            "night.png",
            f"A night of {int(folder.name):,} students: share of the program's processor time",
            kept,
        )


def request(demo: Path) -> None:
    """Draw a service that is asked for scores with reasons, one after the other."""
    models = demonstrated(Workspace(demo / "workspace"), demo / "keys", TODAY)
    model, _, rows = next(one for one in models if one[0].model == MODEL)
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        asked = of_ours(stack, demo, model.features, rows[:N_BODIES])[1]
        kept = Path(folder) / "stacks"
        options = ["--duration", str(SECONDS), "--rate", "500", "--pid", str(asked.processes[0].pid)]
        with subprocess.Popen(_command(options, kept)) as spying:  # noqa: S603 - our own command
            asked.ask(SECONDS + 2)
        if spying.returncode:
            raise SystemExit(f"py-spy ended with status {spying.returncode}")
        _write("request.png", f"{asked.name}: share of processor time", kept)


def _command(options: Sequence[str], kept: Path) -> list[str]:
    return [str(BIN / "py-spy"), "record", "--function", "--format", "raw", "--output", str(kept), *options]


def _write(name: str, title: str, kept: Path) -> None:
    root = tree_of(kept.read_text(encoding="utf-8").splitlines())
    (HERE / name).write_bytes(draw(root, f"{title}, {root.samples:,} samples"))
    print(f"{HERE / name}: {root.samples:,} samples")


def main() -> None:
    """Draw one of the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("night", "request"))
    parser.add_argument("--students", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, default=DEMO.parent / "bench-night")
    parser.add_argument("--demo", type=Path, default=DEMO)
    given = parser.parse_args()
    if given.what == "night":
        network_of(given.folder / str(given.students), given.students)
        night(given.folder / str(given.students), given.demo)
    else:
        request(given.demo)


if __name__ == "__main__":
    main()

"""A night of several portions: the demonstration's tables and models in a workspace of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from earlywarn.pipeline.demo import TODAY
from earlywarn.workspace import Workspace

if TYPE_CHECKING:
    from earlywarn.pipeline.demo import Demo

PORTION = 450
"""Memberships of the day in one portion; the demonstration has several times as many."""


def lent(demo: Demo, folder: Path) -> Workspace:
    """Copy what a night reads into a workspace that may be changed."""
    for name in ("tables", "published"):
        shutil.copytree(demo.workspace.home / name, folder / name)
    return Workspace(folder)


def tree(folder: Path) -> Mapping[str, str]:
    """Return the digest of every file below a folder, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def command(demo: Demo) -> list[str]:
    """Return the command that scores the demonstration's network in several portions."""
    program = [str(Path(sys.executable).parent / "earlywarn"), "score", str(demo.network)]
    if not Path(program[0]).exists():
        program[:1] = [sys.executable, "-c", "from earlywarn.cli import main; main()"]
    days = ["--as-of", TODAY.isoformat(), "--today", TODAY.isoformat()]
    return [*program, *days, "--no-store", "--portion", str(PORTION)]


def environment(demo: Demo, workspace: Workspace) -> dict[str, str]:
    """Return the settings under which the command works on a workspace."""
    return {**os.environ, "EARLYWARN_HOME": str(workspace.home), "EARLYWARN_KEYS": str(demo.keys)}


def wait_until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    """Look often, until something is so."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.002)

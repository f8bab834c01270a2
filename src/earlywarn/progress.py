"""Show how far long work has come, on a terminal or in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from earlywarn.domain import Progress as Reporter


@contextmanager
def shown_progress() -> Iterator[Reporter]:
    """Yield a reporter that draws one bar a step, or prints a line a step where no screen is."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks = {}

        def draw(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield draw


def _lines(console: Console) -> Reporter:
    started = time.monotonic()

    def write(step: str, done: int, total: int) -> None:
        if done >= total:
            console.print(f"{time.monotonic() - started:6.1f} s  {step}", highlight=False)

    return write

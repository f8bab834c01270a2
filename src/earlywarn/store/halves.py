"""Two halves of one work at once; where one fails, the other ends at its next step, not at its last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

from earlywarn.domain import Progress
from earlywarn.errors import StoreError

Result = TypeVar("Result")


@contextmanager
def beside(
    work: Callable[[Progress], Result], progress: Progress
) -> Iterator[tuple[Future[Result], Progress]]:
    """Have `work` done in a thread while the block is, each telling its steps to a progress of its own.

    Gives what will come of the work, and the progress that the block tells. A step told after the other half
    has failed raises: in the block what the work raised, in the work a StoreError that nobody is shown.
    """
    has_failed = Event()

    def told_beside(step: str, done: int, total: int) -> None:
        if has_failed.is_set():
            raise StoreError("the other half of this work has failed", todo="nothing was kept")
        progress(step, done, total)

    def told_here(step: str, done: int, total: int) -> None:
        if working.done():
            working.result()
        progress(step, done, total)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work, told_beside)
        try:
            yield working, told_here
        except BaseException:
            has_failed.set()
            raise

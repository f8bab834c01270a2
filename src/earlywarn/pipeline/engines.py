"""What runs the portions of a night: this process, processes of this machine, or a Dask cluster.

An engine takes portions and yields each one's name as it is finished, in any order; all of them run
`score_portion`, so they give the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue
from threading import Event
from typing import Literal

import orjson

from earlywarn.domain import Progress
from earlywarn.errors import EarlywarnError, EngineError, SettingsError
from earlywarn.pipeline.night import PortionOfNight
from earlywarn.pipeline.portions import score_portion
from earlywarn.pipeline.worker_process import WorkerProcess

Engine = Callable[[str, str, Sequence[PortionOfNight], Progress], Iterator[str]]
"""From a workspace's folder, a staging folder's name and portions, to the portions' names."""

_ATTEMPTS = 3
_LONGEST = 6 * 3600.0
"""Seconds that one portion may take before its process is taken for lost."""


def engine_named(name: Literal["here", "dask"], scheduler: str | None) -> Engine:
    """Return what `--engine` and `--scheduler` name.

    Raises:
        SettingsError: Only one of the two is given.
    """
    address = cluster_named(name, scheduler)
    if address is None:
        return here
    from earlywarn.pipeline.on_dask import dask_engine

    return dask_engine(address)


def cluster_named(name: Literal["here", "dask"], scheduler: str | None) -> str | None:
    """Return the scheduler's address that `--engine` and `--scheduler` name; None for this machine.

    Raises:
        SettingsError: Only one of the two is given.
    """
    if (name == "dask") != (scheduler is not None):
        todo = "give --engine dask --scheduler tcp://HOST:8786"
        raise SettingsError("a Dask cluster is an engine and an address", todo=todo)
    return scheduler


def here(home: str, staging: str, portions: Sequence[PortionOfNight], progress: Progress) -> Iterator[str]:
    """Score portions by as many processes as this machine has cores; a small network in this process."""
    n_cores = len(os.sched_getaffinity(0))
    if any(portion.schools for portion in portions) and len(portions) > 1:
        yield from in_processes(home, staging, portions, n_processes=min(n_cores, len(portions)))
        return
    for portion in portions:
        yield score_portion(home, staging, portion.model_dump_json(), n_cores, progress)


def in_processes(
    home: str, staging: str, portions: Sequence[PortionOfNight], *, n_processes: int
) -> Iterator[str]:
    """Score portions by processes that live until all is done; one that dies is replaced.

    Raises:
        EngineError: The same portion killed its process over and over.
        EarlywarnError: What a portion was refused for.
    """
    workers = [WorkerProcess("earlywarn.pipeline.portion_worker") for _ in range(n_processes)]
    free: SimpleQueue[WorkerProcess] = SimpleQueue()
    for worker in workers:
        free.put(worker)
    ended = Event()

    def done(portion: PortionOfNight) -> str:
        worker = free.get()
        try:
            return _asked(worker, home, staging, portion.model_dump_json(), ended)
        finally:
            free.put(worker)

    pool = ThreadPoolExecutor(n_processes)
    try:
        for one in as_completed([pool.submit(done, portion) for portion in portions]):
            yield one.result()
    finally:
        # First of all: whoever waits for a process would take its end for a death, and ask anew.
        ended.set()
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.interrupt()
        pool.shutdown()
        for worker in workers:
            worker.stop()


def _asked(worker: WorkerProcess, home: str, staging: str, line: str, ended: Event) -> str:
    question = orjson.dumps({"home": home, "staging": staging, "portion": line})
    for _ in range(_ATTEMPTS):
        if ended.is_set():
            break
        answer = worker.ask(question, seconds=_LONGEST)
        if answer:
            found = orjson.loads(answer)
            if "error" in found:
                raise _error(found["error"])
            return str(found["name"])
    raise EngineError(
        "the process that scored a portion died three times",
        todo="give it smaller portions (--portion) or more memory, and rerun",
    )


def _error(said: dict[str, str]) -> EarlywarnError:
    from earlywarn import errors

    kind = getattr(errors, said["kind"], EngineError)
    error: EarlywarnError = kind(said["what"], where=said["where"], todo=said["todo"])
    return error

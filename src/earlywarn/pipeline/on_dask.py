"""Score the portions of a night on a Dask cluster whose workers see the workspace's folder.

What travels is two names and a line of JSON a portion, and the portion's name back; tables and scores go
through the folder. A portion whose worker died is done by another, and what is finished stays finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from earlywarn.domain import Progress
from earlywarn.errors import EngineError
from earlywarn.pipeline.engines import Engine
from earlywarn.pipeline.night import PortionOfNight
from earlywarn.pipeline.portions import score_portion

if TYPE_CHECKING:
    from distributed import Client

SECONDS_TO_CONNECT = 5


def dask_engine(scheduler: str) -> Engine:
    """Return the engine that sends portions to the cluster of a scheduler, such as `tcp://host:8786`."""

    def run(home: str, staging: str, portions: Sequence[PortionOfNight], progress: Progress) -> Iterator[str]:
        with connected(scheduler) as client:
            from distributed import as_completed

            lines = [portion.model_dump_json() for portion in portions]
            named = [home] * len(lines), [staging] * len(lines)
            # Not pure: a portion is known by its files, not by the cluster's memory of an earlier night.
            futures = client.map(score_portion, *named, lines, pure=False)
            for future in as_completed(futures, loop=client.loop):
                yield str(future.result())

    return run


@contextmanager
def connected(scheduler: str) -> Iterator[Client]:
    """Yield a client of a cluster, and say in our words what may go wrong with it.

    Raises:
        EngineError: Dask is not installed, nobody answers at the address, no worker is there, the workers do
            not have this program, or they died over and over.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise EngineError(
            "Dask is not installed here", todo="install it on every machine: pip install 'earlywarn[dask]'"
        ) from error
    try:
        client = Client(scheduler, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EngineError(
            "no Dask scheduler answers", where=scheduler, todo="start one, or mend the address"
        ) from error
    with client:
        if not client.nthreads():
            raise EngineError("the scheduler has no workers", where=scheduler, todo="start some: dask worker")
        try:
            yield client
        except KilledWorker as error:
            raise EngineError(
                "workers died over and over, so the rest was given up",
                where=scheduler,
                todo="give them more memory or smaller portions, and rerun: finished portions are kept",
            ) from error
        except ModuleNotFoundError as error:
            raise EngineError(
                f"a worker has no {error.name}", where=scheduler, todo="install the same earlywarn everywhere"
            ) from error

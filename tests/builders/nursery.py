"""Run the command line over and over in fresh processes that are born warm, and kill them when asked.

A process of its own imports what the verbs import, once, and forks for every run: a run then costs what its
work costs. It opens no engine before it forks, and kills only its own child, before reaping it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

WRITING = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
# What the verbs import when they run; DuckDB looks for pandas when it is given a table.
WARM = (
    "pandas",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "numba",
    "psycopg",
    "duckdb",
    "earlywarn.cli",
    "earlywarn.settings",
    "earlywarn.progress",
    "earlywarn.pipeline.ingest",
    "earlywarn.pipeline.load",
    "earlywarn.pipeline.rotate",
    "earlywarn.pipeline.score",
)
_POLL = 0.0002


@dataclass(frozen=True)
class Moment:
    """When a run is killed; the first that comes true counts. An empty moment never comes."""

    after: float | None = None
    """Seconds since its start."""
    seen: str | None = None
    """A pattern below `folder`: `after` then counts from the moment a file of that name is there."""
    folder: str = ""
    at_step: int | None = None
    """The number of a step (a file opened for writing, renamed, removed) that it dies just before."""


@dataclass(frozen=True)
class Run:
    """How a run ended, what it said, and how many steps and seconds it took."""

    was_killed: bool
    code: int
    said: str
    seconds: float
    n_steps: int


@dataclass
class Nursery:
    """The warm process, asked over its standard input."""

    process: subprocess.Popen[str]

    def run(
        self,
        arguments: Sequence[str],
        settings: Mapping[str, str],
        *,
        moment: Moment | None = None,
        largest_file: int | None = None,
    ) -> Run:
        """Run a verb in a child of its own; a file of over `largest_file` bytes fails as on a full disk."""
        asked = _Asked(list(arguments), dict(settings), asdict(moment or Moment()), largest_file)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(asked)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the warm process has ended"
        return Run(**json.loads(answer))


@dataclass(frozen=True)
class _Asked:
    arguments: list[str]
    settings: dict[str, str]
    moment: dict[str, object]
    largest_file: int | None = None


@contextlib.contextmanager
def nursery(*more: str) -> Iterator[Nursery]:
    """Start the warm process, which imports `more` as well, and end it with the block."""
    process = subprocess.Popen(
        [sys.executable, __file__, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


def _serve(*more: str) -> None:
    for name in (*WARM, *more):
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(asdict(_run_once(_Asked(**json.loads(line))))), flush=True)  # noqa: T201


def _run_once(asked: _Asked) -> Run:
    told, say = os.pipe()
    counted, count = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_born(asked, say, count)
    os.close(say)
    os.close(count)
    moment = Moment(**asked.moment)  # type: ignore[arg-type]
    status = _watch(child, moment, started)
    seconds = time.monotonic() - started
    with os.fdopen(told, "rb") as said, os.fdopen(counted, "rb") as steps:
        text, n_steps = said.read().decode(errors="replace"), len(steps.read())
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return Run(killed, os.waitstatus_to_exitcode(status), text, seconds, n_steps)


def _be_born(asked: _Asked, say: int, count: int) -> None:
    """Become the command line; never returns."""
    code = 1
    try:
        os.dup2(say, 1)
        os.dup2(say, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        os.environ.update(asked.settings)
        sys.argv = ["earlywarn", *asked.arguments]
        if asked.largest_file is not None:
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (asked.largest_file, hard))
        _count_steps(asked, count)
        from earlywarn.cli import main

        main()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _count_steps(asked: _Asked, count: int) -> None:
    """Count what Python does to files below the workspace and the keys, and die at the step asked for."""
    folders = tuple(asked.settings[name] for name in ("EARLYWARN_HOME", "EARLYWARN_KEYS"))
    at_step, n_steps = asked.moment["at_step"], 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal n_steps
        if event == "open":
            path, _mode, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if not writes or not str(path).startswith(folders):
                return
        elif event not in WRITING or not str(arguments[0]).startswith(folders):
            return
        n_steps += 1
        os.write(count, b".")
        if n_steps == at_step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def _watch(child: int, moment: Moment, started: float) -> int:
    """Wait until the child ends, or kill it at its moment; return its status."""
    due = started + moment.after if moment.after is not None and moment.seen is None else None
    waits_for = moment.seen
    if due is None and waits_for is None:
        return os.waitpid(child, 0)[1]
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        if waits_for is not None and any(Path(moment.folder).glob(waits_for)):
            due, waits_for = time.monotonic() + (moment.after or 0.0), None
        if due is not None and time.monotonic() >= due:
            os.kill(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1]
        time.sleep(_POLL if due is None else min(_POLL, max(0.0, due - time.monotonic())))


if __name__ == "__main__":
    _serve(*sys.argv[1:])

"""A process that answers questions, one line in and one line out: what the service must not load runs there.

What travels is JSON, so that neither side unpickles anything.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Timer


class WorkerProcess:
    """A worker that is started when it is first asked, and anew after it died; one question at a time."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, question: bytes, *, seconds: float) -> bytes:
        """Return the answer's line; nothing where the worker died or was killed for taking too long."""
        worker = self._running()
        timer = Timer(seconds, worker.kill)
        timer.start()
        try:
            assert worker.stdin is not None and worker.stdout is not None  # noqa: S101, PT018 - pipes
            worker.stdin.write(question + b"\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
        except OSError:
            answer = b""
        finally:
            timer.cancel()
        if answer.endswith(b"\n"):
            return answer
        self.stop()
        return b""

    def interrupt(self) -> None:
        """Kill the worker from another thread than the one that asks, which then gets no answer."""
        worker = self._process
        if worker is not None:
            worker.kill()

    def stop(self) -> None:
        """End the worker, if it runs."""
        worker, self._process = self._process, None
        if worker is None:
            return
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(  # noqa: S603 - our own module, by its name
                [sys.executable, "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=Path("/"),
            )
        return self._process

"""Set the service beside `mlflow models serve`, one worker each: one student's score a request.

`python -m benchmarks.online` serves the demonstration and, beside it, one of its LightGBM models as MLflow
serves it (a score alone, from a data frame), asks both in turn over one connection each, and writes
`benchmarks/online.md`. Ours checks every field and answers with reasons; a stored read leaves its row in the
log of who saw whom. `make demo` comes first.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import mlflow.lightgbm
import numpy as np
import pandas as pd
import psutil
from mlflow.models import infer_signature

from benchmarks.explaining import demonstrated
from earlywarn.pipeline.accounts import open_system_account
from earlywarn.pipeline.demo import TODAY
from earlywarn.pipeline.run_files import read_run
from earlywarn.store import open_database
from earlywarn.workspace import Workspace

HERE = Path(__file__).parent
DEMO = HERE.parent / ".earlywarn" / "demo"
PAGE = HERE / "online.md"
MODEL = "difficulty"
ROUNDS, SECONDS, N_BODIES = 5, 2.0, 64
OK = 200


@dataclass(frozen=True)
class Asked:
    """What is asked of a server, over and over: one of several bodies, or paths, after the other."""

    name: str
    port: int
    method: str
    paths: list[str]
    bodies: list[bytes | None]
    headers: Mapping[str, str]
    started: str = ""

    def ask(self, seconds: float) -> list[float]:
        """Ask for some seconds over one connection, and return how long each answer took, in ms."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        found: list[float] = []
        end = time.perf_counter() + seconds
        for path, body in zip(itertools.cycle(self.paths), itertools.cycle(self.bodies), strict=False):
            start = time.perf_counter()
            if start > end:
                break
            connection.request(self.method, path, body=body, headers=dict(self.headers))
            answer = connection.getresponse()
            answer.read()
            if answer.status != OK:
                raise SystemExit(f"{self.name} answered {answer.status}")
            found.append((time.perf_counter() - start) * 1e3)
        connection.close()
        return found


@contextmanager
def running(command: list[str], port: int, path: str, **environment: str) -> Iterator[str]:
    """Run a server until the block ends; once it answers, say how long that took, and its memory."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, env=os.environ | {"OMP_NUM_THREADS": "1"} | environment, stdout=said, stderr=said
        )
        try:
            for _ in range(600):
                if _is_there(port, path):
                    break
                if process.poll() is not None:
                    said.seek(0)
                    raise SystemExit(f"a server ended: {said.read().decode()[-800:]}")
                time.sleep(0.05)
            held = psutil.Process(process.pid)
            memory = sum(one.memory_info().rss for one in (held, *held.children(recursive=True)))
            yield f"ready after {time.perf_counter() - start:.1f} s, {memory / 2**20:.0f} MiB"
        finally:
            process.terminate()
            process.wait(30)


def _is_there(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == OK
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def of_mlflow(stack: ExitStack, booster: lightgbm.Booster, names: tuple[str, ...], rows: np.ndarray) -> Asked:
    """Serve a booster by MLflow, with a signature, and return what to ask."""
    folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory())), free_port()
    frame = pd.DataFrame(rows, columns=list(names))
    mlflow.lightgbm.save_model(booster, folder / "model", signature=infer_signature(frame, rows[:, 0]))
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder / "model")]
    command += ["-p", str(port), "--env-manager", "local", "--workers", "1"]
    started = stack.enter_context(
        running(command, port, "/ping", PATH=f"{Path(sys.executable).parent}:{os.defpath}")
    )
    bodies = [
        json.dumps({"dataframe_split": {"columns": list(names), "data": [_with_nulls(row)]}}).encode()
        for row in rows
    ]
    headers = {"Content-Type": "application/json"}
    return Asked(
        "mlflow models serve, score alone", port, "POST", ["/invocations"], list(bodies), headers, started
    )


def of_ours(stack: ExitStack, demo: Path, names: tuple[str, ...], rows: np.ndarray) -> list[Asked]:
    """Serve the demonstration, and return what to ask."""
    workspace, port = Workspace(demo / "workspace"), free_port()
    key = open_system_account(open_database(workspace), "benchmark", schools=[], names=False, today=TODAY)
    command = [str(Path(sys.executable).parent / "earlywarn"), "serve", "quebec", "--port", str(port)]
    home = {"EARLYWARN_HOME": str(workspace.home), "EARLYWARN_KEYS": str(demo / "keys")}
    started = stack.enter_context(
        running(command, port, "/readyz", EARLYWARN_TODAY=TODAY.isoformat(), **home)
    )
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    bodies = [
        json.dumps({"rows": [dict(zip(names, _with_nulls(row), strict=True))]}).encode() for row in rows
    ]
    (run,) = (run for run in read_run(workspace).runs if run.model == MODEL)
    listed = run.scores.filter(run.scores["is_listed"])["student_id"].to_pylist()
    scored = [f"/v1/models/{MODEL}/score"]
    reads = [f"/v1/students/{student}/risks" for student in listed[:N_BODIES]]
    return [
        Asked("ours, score and reasons", port, "POST", scored, list(bodies), headers, started),
        Asked("ours, stored risks and reasons, logged", port, "GET", reads, [None], headers, started),
    ]


def _with_nulls(row: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in row]


@dataclass(frozen=True)
class Measured:
    """Requests a second and the middle and the slow answer, each the median of its rounds."""

    name: str
    started: str
    per_second: float
    p50: float
    p99: float


def measured(asked: list[Asked]) -> list[Measured]:
    """Ask all in turn, round after round."""
    told: dict[str, list[list[float]]] = {one.name: [] for one in asked}
    for _ in range(ROUNDS):
        for one in asked:
            told[one.name].append(one.ask(SECONDS))
    return [
        Measured(
            name,
            next(one.started for one in asked if one.name == name),
            statistics.median(len(times) / (sum(times) / 1e3) for times in rounds),
            statistics.median(float(np.percentile(times, 50)) for times in rounds),
            statistics.median(float(np.percentile(times, 99)) for times in rounds),
        )
        for name, rounds in told.items()
    ]


def page(found: list[Measured]) -> list[str]:
    """Write the page; the first is what others are set beside."""
    peer = found[0]
    return [
        "# One student a request",
        "",
        f"Written by `python -m benchmarks.online`: {os.cpu_count()} cores, shared by client and server; one "
        f"worker, one connection, {N_BODIES} students in turn; medians of {ROUNDS} rounds of {SECONDS:g} s.",
        "",
        "| what | requests a second | p50, ms | p99, ms | against MLflow | start |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.name} | {one.per_second:,.0f} | {one.p50:.2f} | {one.p99:.2f} "
            f"| {one.per_second / peer.per_second:.1f}x | {one.started} |"
            for one in found
        ),
    ]


def main() -> None:
    """Serve, ask, print the page and write it beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=DEMO)
    demo = parser.parse_args().demo
    models = demonstrated(Workspace(demo / "workspace"), demo / "keys", TODAY)
    model, boosters, rows = next(one for one in models if one[0].model == MODEL)
    with ExitStack() as stack:
        some = rows[:N_BODIES]
        ours = of_ours(stack, demo, model.features, some)
        lines = page(measured([of_mlflow(stack, boosters[0], model.features, some), *ours]))
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

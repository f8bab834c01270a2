"""Set the service beside `mlflow models serve`, one worker each: one student's score a request.

`python -m benchmarks.online` serves the demonstration and, beside it, one of its LightGBM models as MLflow
serves it (a score alone, from a data frame), and asks both in turn: rows 7, 8 and 9. Ours checks every field;
every score and every stored read leaves its row in the log of who saw what before it is answered; a row that
names a student waits for the disk. Both servers' scores are compared first. `make demo` comes first.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import lightgbm
import mlflow.lightgbm
import numpy as np
import pandas as pd
import psutil
from mlflow.models import infer_signature

from benchmarks.asking import Answered, Asked, in_turn, request
from benchmarks.explaining import demonstrated
from benchmarks.request_steps import ELSEWHERE, steps_of, steps_table
from benchmarks.results import Part, Row, keep
from earlywarn.pipeline.accounts import open_system_account
from earlywarn.pipeline.demo import TODAY
from earlywarn.pipeline.run_files import read_run
from earlywarn.store import open_database
from earlywarn.workspace import Workspace

DEMO = Path(__file__).parents[1] / ".earlywarn" / "demo"
MODEL = "difficulty"
ROUNDS, SECONDS, N_BODIES = 5, 2.0, 64
ONE, MANY = 1, 32
"""Connections at once: MANY is where requests a second are compared, ONE where a single answer is timed."""
OK = 200
LIMIT = (70, 100)
"""Microseconds of a bare server that parses, scores by tables and answers, without and with reasons."""
PEER, SCORE, REASONS, STORED = (
    "`mlflow models serve`, score alone",
    "ours, score alone",
    "ours, score and reasons",
    "ours, stored risks and reasons",
)
Told = dict[tuple[str, int], list[Answered]]


@contextmanager
def running(
    command: list[str], port: int, path: str, **environment: str
) -> Iterator[tuple[str, list[psutil.Process]]]:
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
            all_of_it = [held, *held.children(recursive=True)]
            memory = sum(one.memory_info().rss for one in all_of_it)
            yield f"ready after {time.perf_counter() - start:.1f} s, {memory / 2**20:.0f} MiB", all_of_it
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


def averaged(boosters: Sequence[lightgbm.Booster]) -> lightgbm.Booster:
    """Return one booster of the trees of all, whose margin is the mean of theirs: the model as published."""
    parts = []
    for booster in boosters:
        for tree, told in enumerate(booster.dump_model()["tree_info"]):
            for leaf in range(told["num_leaves"]):
                value = booster.get_leaf_output(tree, leaf)
                booster.set_leaf_output(tree, leaf, value / len(boosters))
        parts.append(booster.model_to_string().partition("end of trees"))
    head = "\n".join(line for line in parts[0][0].split("Tree=")[0].splitlines() if "tree_sizes" not in line)
    trees = [tree for part in parts for tree in part[0].split("Tree=")[1:]]
    numbered = (f"Tree={number}\n" + tree.partition("\n")[2] for number, tree in enumerate(trees))
    return lightgbm.Booster(model_str=f"{head}\n\n{''.join(numbered)}end of trees{parts[0][2]}")


def of_mlflow(stack: ExitStack, booster: lightgbm.Booster, names: tuple[str, ...], rows: np.ndarray) -> Asked:
    """Serve a booster by MLflow, with a signature, and return what to ask."""
    folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory())), free_port()
    frame = pd.DataFrame(rows, columns=list(names))
    mlflow.lightgbm.save_model(booster, folder / "model", signature=infer_signature(frame, rows[:, 0]))
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder / "model")]
    command += ["-p", str(port), "--env-manager", "local", "--workers", "1"]
    started, processes = stack.enter_context(
        running(command, port, "/ping", PATH=f"{Path(sys.executable).parent}:{os.defpath}")
    )
    headers = {"Content-Type": "application/json"}
    bodies = [
        json.dumps({"dataframe_split": {"columns": list(names), "data": [_with_nulls(row)]}}).encode()
        for row in rows
    ]
    return Asked(
        PEER,
        port,
        [request(port, "POST", "/invocations", headers, body) for body in bodies],
        started,
        processes,
    )


def of_ours(stack: ExitStack, demo: Path, names: tuple[str, ...], rows: np.ndarray) -> list[Asked]:
    """Serve the demonstration, and return what to ask."""
    workspace, port = Workspace(demo / "workspace"), free_port()
    key = open_system_account(open_database(workspace), "benchmark", schools=[], names=False, today=TODAY)
    command = [str(Path(sys.executable).parent / "earlywarn"), "serve", "quebec", "--port", str(port)]
    home = {"EARLYWARN_HOME": str(workspace.home), "EARLYWARN_KEYS": str(demo / "keys")}
    started, processes = stack.enter_context(
        running(command, port, "/readyz", EARLYWARN_TODAY=TODAY.isoformat(), **home)
    )
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    bodies = [row_body(names, row) for row in rows]
    (run,) = (run for run in read_run(workspace).runs if run.model == MODEL)
    listed = run.scores.filter(run.scores["is_listed"])["student_id"].to_pylist()[:N_BODIES]
    score = f"/v1/models/{MODEL}/score"
    asked = {
        SCORE: [request(port, "POST", f"{score}?reasons=false", headers, body) for body in bodies],
        REASONS: [request(port, "POST", score, headers, body) for body in bodies],
        STORED: [request(port, "GET", f"/v1/students/{one}/risks", headers) for one in listed],
    }
    return [Asked(name, port, requests, started, processes) for name, requests in asked.items()]


def row_body(names: Sequence[str], row: np.ndarray) -> bytes:
    """Return one feature row as it is posted."""
    return json.dumps({"rows": [dict(zip(names, _with_nulls(row), strict=True))]}).encode()


def _with_nulls(row: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in row]


def compare(theirs: Asked, ours: Sequence[Asked]) -> float:
    """Return how far apart both servers' scores are at most, over all bodies.

    Raises:
        SystemExit: They are not the same score, or reasons change ours.
    """
    largest = 0.0
    for number in range(len(theirs.requests)):
        (chance,) = json.loads(theirs.answer(number))["predictions"]
        alone, reasoned = (json.loads(one.answer(number))["scores"][0] for one in ours[:2])
        if alone["reasons"] is not None or alone != reasoned | {"reasons": None}:
            raise SystemExit("reasons change a score")
        # MLflow answers with LightGBM's own chance; ours is calibrated, from the same margin.
        largest = max(largest, abs(1 / (1 + math.exp(-alone["margin"])) - chance))
    if largest > 1e-9:
        raise SystemExit(f"the servers' scores differ by {largest}")
    return largest


def median(told: Told, name: str, n: int, what: str) -> float:
    """Return the median of the rounds."""
    return float(statistics.median(getattr(one, what) for one in told[name, n]))


def against(number: int, told: Told, name: str, n: int) -> Row:
    """Return a row: our requests a second against MLflow's, each round by itself."""
    pairs = zip(told[name, n], told[PEER, n], strict=True)
    times = sorted(ours.per_second / theirs.per_second for ours, theirs in pairs)
    return Row(
        number,
        f"{MODEL}, {n} connection{'s' if n > 1 else ''}",
        f"{statistics.median(times):.0f}x" if times[0] >= 10 else f"{statistics.median(times):.1f}x",
        f"{times[0]:.1f}–{times[-1]:.1f}",
        *(
            f"{median(told, one, n, 'per_second'):,.0f}/s, p50 {median(told, one, n, 'p50'):.2f} ms"
            for one in (name, PEER)
        ),
    )


def adding_reasons(told: Told, n: int) -> Row:
    """Return row 9: the middle answer with reasons against the one without."""
    times = sorted(
        with_reasons.p50 / alone.p50
        for with_reasons, alone in zip(told[REASONS, n], told[SCORE, n], strict=True)
    )
    middle = [f"p50 {median(told, name, n, 'p50'):.2f} ms" for name in (REASONS, SCORE)]
    return Row(
        9,
        f"{MODEL}, {n} connection{'s' if n > 1 else ''}",
        f"{statistics.median(times):.2f}x",
        f"{times[0]:.2f}–{times[-1]:.2f}",
        *middle,
    )


def table(told: Told, asked: Sequence[Asked]) -> list[str]:
    """Return everything measured, as a table."""
    started = {one.name: one.started for one in asked}
    return [
        f"{os.cpu_count()} cores, shared by client, server and database; one worker each, {N_BODIES} "
        f"students in turn, {ROUNDS} rounds of {SECONDS:g} s; both answer the same. Every answer of ours "
        "leaves its row in the access log first; a stored read waits until the disk has it. The server's "
        "processor is what its process spent, without the database's.",
        "",
        "| what | connections | requests a second | p50, ms | p99, ms | server's processor, ms | start |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {n} | {median(told, name, n, 'per_second'):,.0f} "
            f"| {median(told, name, n, 'p50'):.2f} | {median(told, name, n, 'p99'):.2f} "
            f"| {median(told, name, n, 'processor'):.3f} | {started[name]} |"
            for name, n in told
        ),
    ]


def distance(told: Told, steps: Mapping[str, float]) -> list[str]:
    """Say how far the processor's time is from its limit, and what the rest is."""
    alone, reasons, theirs = (median(told, one, MANY, "processor") * 1e3 for one in (SCORE, REASONS, PEER))
    own = sum(microseconds for step, microseconds in steps.items() if step not in ELSEWHERE)
    return [
        f"A process that does nothing but HTTP, JSON and the tables takes about {LIMIT[0]} µs of a processor "
        f"for a score, and {LIMIT[1]} with reasons. Ours took {alone:,.0f} and {reasons:,.0f} "
        f"({alone / LIMIT[0]:.1f} and {reasons / LIMIT[1]:.1f} times as much), {own:,.0f} of the latter in "
        f"the steps below; MLflow's took {theirs:,.0f}. The rest is HTTP and headers, our half of the "
        "exchange with the database, and what everything costs more where client, server and sixteen "
        "sessions of the database take turns on the same processors.",
    ]


def main() -> None:
    """Serve, compare, ask, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=DEMO)
    demo = parser.parse_args().demo
    models = demonstrated(Workspace(demo / "workspace"), demo / "keys", TODAY)
    model, boosters, rows = next(one for one in models if one[0].model == MODEL)
    told: Told = defaultdict(list)
    some = rows[:N_BODIES]
    with ExitStack() as stack:
        peer = of_mlflow(stack, averaged(boosters), model.features, some)
        ours = of_ours(stack, demo, model.features, some)
        compare(peer, ours)
        for name, n, answered in in_turn([peer, *ours], (ONE, MANY), rounds=ROUNDS, seconds=SECONDS):
            told[name, n].append(answered)
        steps = steps_of(demo, model, [row_body(model.features, row) for row in some])
    rows_of = [
        against(7, told, SCORE, MANY),
        against(7, told, SCORE, ONE),
        against(8, told, REASONS, MANY),
        against(8, told, REASONS, ONE),
        adding_reasons(told, ONE),
        adding_reasons(told, MANY),
    ]
    said = [*table(told, [peer, *ours]), "", *distance(told, steps), "", *steps_table(steps)]
    keep(Part("Online", tuple(rows_of), tuple(said)))


if __name__ == "__main__":
    main()

"""Say where the time of one request for a score and its reasons goes, step by step.

Each step is run alone, over the same rows, in this process. What the server's processor spends beyond them is
HTTP, headers, the event loop, and the process's part of the exchange with the database.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from api.posted_rows import good_rows
from api.settings import ServiceSettings
from api.shaping import score_answer
from earlywarn.pipeline.accounts import open_system_account
from earlywarn.pipeline.demo import TODAY
from earlywarn.pipeline.score_on_demand import OnDemandScores
from earlywarn.scoring import PublishedModel, phrases_of, score_batch, score_values, tell, values_of
from earlywarn.scoring.telling import told_lists
from earlywarn.store import open_database, open_store
from earlywarn.workspace import Workspace

TIMES = 1500
WRITTEN = "ask for the key and write the log's row, one exchange"
ELSEWHERE = (WRITTEN,)
"""What is spent by the database, for the most part."""


def steps_of(demo: Path, model: PublishedModel, bodies: Sequence[bytes]) -> dict[str, float]:
    """Return the microseconds of each step of a request, the medians of many times."""
    return _computed(demo, model, bodies) | asyncio.run(_exchanged(demo, model))


def steps_table(steps: Mapping[str, float]) -> list[str]:
    """Return the steps as a table."""
    lines = (f"| {step} | {microseconds:,.0f} |" for step, microseconds in steps.items())
    return [
        "One request for a score and its reasons, step by step:",
        "",
        "| step | µs |",
        "|---|---|",
        *lines,
    ]


def _computed(demo: Path, model: PublishedModel, bodies: Sequence[bytes]) -> dict[str, float]:
    posted = [orjson.loads(body)["rows"] for body in bodies]
    values = [values_of(model, rows) for rows in posted]
    attributions = [model.attributions(one) for one in values]
    told = [told_lists(score_batch(model, one).told)[0] for one in values]
    scores = [score_values(model, one) for one in values]
    found = [OnDemandScores(((),), tuple(one), TODAY, None) for one in scores]
    phrases = phrases_of(model)
    settings = ServiceSettings(network=demo, home=demo, keys=demo)

    def answer(one: OnDemandScores) -> bytes:
        return score_answer(settings, model, one, "fr", today=TODAY, with_reasons=True)

    whole = _each(lambda body: good_rows(body, model), bodies)
    parsed = _each(orjson.loads, bodies)
    scored = _each(lambda one: score_batch(model, one, reasons=False), values)
    return {
        "parse the JSON": parsed,
        "check names, types, ranges, and that each name stands once": whole - parsed,
        "score: exact attributions from the tables, their sum, risk and range": scored,
        "choose the reasons": _each(
            lambda pair: tell(model, *pair), list(zip(values, attributions, strict=True))
        ),
        "put them into words": _each(phrases.reasons, told),
        "write the answer": _each(answer, found),
    }


async def _exchanged(demo: Path, model: PublishedModel) -> dict[str, float]:
    urls = open_database(Workspace(demo / "workspace"))
    key = open_system_account(urls, "benchmark", schools=[], names=False, today=TODAY)
    with closing(open_store(urls.service)) as store:
        desk = store.callers
        entry = await desk.enter(key, today=TODAY)

        async def record() -> bool:
            return await desk.record(entry, route="benchmark", version=f"{model.model}/{model.version}")

        return {WRITTEN: await _awaited(record)}


def _each(step: Callable[[Any], object], given: Sequence[Any]) -> float:
    times = []
    for one in itertools.islice(itertools.cycle(given), TIMES):
        start = time.perf_counter()
        step(one)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


async def _awaited(step: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        await step()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6

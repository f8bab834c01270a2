"""Write runs in few steps: SQLite pays for every step, hardly for what is in it."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from earlywarn.registry.records import ChildRun, DataInput

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_METRICS, MOST_PARAMS = 900, 100
"""What MLflow takes in one batch."""
MOST_CHILDREN = 120
"""Nested runs of one training: 18 ms each in SQLite, so at most about two seconds. The rest is in a file."""
MOST_INPUTS = 200
DIGEST_LENGTH = 36
"""MLflow keeps no more of a digest; the whole one stands in the source."""

_Item = TypeVar("_Item")


def log_figures(
    client: MlflowClient,
    run_id: str,
    *,
    metrics: Mapping[str, float],
    series: Mapping[str, Sequence[tuple[int, float]]],
    params: Mapping[str, str],
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write a run's figures; those that cannot be told are left out, as MLflow has no word for them."""
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    told = [
        Metric(metric_name(name), value, now, 0) for name, value in metrics.items() if math.isfinite(value)
    ]
    told += [
        Metric(metric_name(name), value, now, step)
        for name, steps in series.items()
        for step, value in steps
        if math.isfinite(value)
    ]
    settings = list(parts([Param(metric_name(name), value) for name, value in params.items()], MOST_PARAMS))
    figures = list(parts(told, MOST_METRICS))
    words = [RunTag(name, value) for name, value in (tags or {}).items()]
    for place in range(max(len(settings), len(figures), 1)):
        client.log_batch(
            run_id,
            figures[place] if place < len(figures) else [],
            settings[place] if place < len(settings) else [],
            words if place == 0 else [],
        )


def log_children(
    client: MlflowClient, experiment: str, parent: str, children: Sequence[ChildRun], *, room: int
) -> int:
    """Write nested runs, as many as there is room for; return how much room is left."""
    from mlflow.entities import RunStatus
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    made: list[tuple[ChildRun, str]] = []
    for child in children[:room]:
        tags = {MLFLOW_PARENT_RUN_ID: parent, **child.tags}
        run_id = client.create_run(experiment, run_name=child.name, tags=tags).info.run_id
        log_figures(client, run_id, metrics=child.metrics, series=child.series, params=child.params)
        client.set_terminated(run_id, RunStatus.to_string(RunStatus.FINISHED))
        made.append((child, run_id))
    room -= len(made)
    # Children before their children: where room is short, every candidate still has its run.
    for child, run_id in made:
        room = log_children(client, experiment, run_id, child.children, room=room)
    return room


def log_data(client: MlflowClient, run_id: str, inputs: Sequence[DataInput]) -> None:
    """Write which rows a run used: names, digests, columns and counts, never a row."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    listed = [
        DatasetInput(
            Dataset(
                one.name,
                one.digest[:DIGEST_LENGTH],
                "local",
                json.dumps({"uri": one.source, "sha256": one.digest}),
                json.dumps({"mlflow_colspec": _columns(one.columns)}),
                json.dumps(dict(one.profile)),
            ),
            [InputTag("mlflow.data.context", one.context)],
        )
        for one in inputs[:MOST_INPUTS]
    ]
    if listed:
        client.log_inputs(run_id, listed)


def _columns(columns: Mapping[str, str]) -> list[dict[str, object]]:
    return [{"type": kind, "name": name, "required": False} for name, kind in columns.items()]


def metric_name(name: str) -> str:
    """Write a name with the signs that MLflow takes; a slash begins a group in its pages.

    >>> metric_name("strict/group home_language=français/recall")
    'strict/group home_language français/recall'
    """
    return re.sub(r"[^/\w.\- ]", " ", name).strip()[:250]


def parts(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    """Cut a list into parts.

    >>> list(parts([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]

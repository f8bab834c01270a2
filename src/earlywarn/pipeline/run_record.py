"""Put together what MLflow is told of a training, so that a run can be read, and rebuilt from it alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from earlywarn.declarations import Declared
from earlywarn.modeling import Trained
from earlywarn.pictures import Picture
from earlywarn.pipeline.data_used import UsedBatch
from earlywarn.pipeline.environment import commit_tags, installed_versions, lock_text, machine
from earlywarn.pipeline.run_figures import candidate_runs, run_metrics
from earlywarn.registry import DataInput, RunRecord

RECIPE, LOCK, DECLARED = "recipe.json", "requirements.txt", "declarations"
FORMAT = 1
HEAD_LINES = 60


class Recipe(Declared):
    """All that decides a training besides the declarations and the libraries."""

    format: int = FORMAT
    network: str
    model: str
    today: date
    seed: int
    n_threads: int
    """For the record: it changes no byte."""
    matrix: str
    answers: str | None = None
    """Digest of what staff had answered to earlier flags; None where nobody had."""
    batches: tuple[UsedBatch, ...]


def run_record(
    trained: Trained,
    recipe: Recipe,
    *,
    bundle: Path,
    texts: Mapping[str, str],
    declared: Mapping[str, str],
    pictures: Sequence[Picture],
    inputs: Sequence[DataInput],
    seconds: float = 0.0,
) -> RunRecord:
    """Return the record of a training.

    Args:
        trained: What the training gave.
        recipe: What decided it.
        bundle: The folder that training left.
        texts: The sheet (`backtest.json`), the card and the report, by file name.
        declared: The declared files, by name.
        pictures: What was drawn.
        inputs: The rows that were used.
        seconds: How long the training took.
    """
    name = f"{recipe.network}.{recipe.model}"
    sheet = json.loads(texts["backtest.json"])
    facts = {"today": recipe.today.isoformat(), "seed": str(recipe.seed), "sha256 matrix": recipe.matrix}
    trials = json.dumps([asdict(one) for one in trained.trials], indent=1, ensure_ascii=False)
    return RunRecord(
        experiment=name,
        model=name,
        params=_params(trained, sheet, facts),
        metrics=run_metrics(sheet),
        tags=_tags(trained, recipe),
        bundle=bundle,
        texts={
            **texts,
            **{f"{DECLARED}/{file}": text for file, text in declared.items()},
            RECIPE: recipe.model_dump_json(indent=1) + "\n",
            LOCK: lock_text(installed_versions()),
            "environment.json": json.dumps(machine(), indent=1) + "\n",
            **({"trials.json": trials + "\n"} if trained.trials else {}),
        },
        files={f"pictures/{one.file}": one.content for one in pictures},
        children=candidate_runs(sheet, trained.trials),
        inputs=inputs,
        description=head_of(texts["CARD.md"]),
        name=f"{trained.model.kind}, {recipe.today.isoformat()}, seed {recipe.seed}",
        seconds=seconds,
    )


def _tags(trained: Trained, recipe: Recipe) -> dict[str, str]:
    return {
        "network": recipe.network,
        "model": recipe.model,
        "kind": trained.model.kind,
        "level": "training",
        "today": recipe.today.isoformat(),
        "seed": str(recipe.seed),
        "earlywarn.version": machine()["earlywarn"],
        "mlflow.source.name": "earlywarn train",
        **commit_tags(),
    }


def _params(trained: Trained, sheet: dict[str, Any], facts: Mapping[str, str]) -> dict[str, str]:
    lead = sheet["backtests"][0]
    settings = {name: str(value) for name, value in trained.model.settings}
    return {
        **facts,
        **settings,
        "kind": trained.model.kind,
        "trained_on": ", ".join(trained.details["trained_on"]),
        "tested_on": ", ".join(lead["tested_on"]),
        "n_features": str(len(trained.model.features)),
        "capacity": f"{sheet['capacity_share']} per {', '.join(sheet['capacity_per'])}",
    }


def head_of(card: str) -> str:
    r"""Return the head of the card's English part, before its tables of figures.

    >>> head_of("# Fiche\nbonjour\n# Model card: a\nhello\n\n## By moment\n\n| n |\n")
    '# Model card: a\nhello'
    """
    lines = card.splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith("# ")]
    head = lines[starts[-1] if starts else 0 :]
    table = next((place for place, line in enumerate(head) if line.startswith("|")), len(head))
    titles = [place for place, line in enumerate(head[:table]) if line.startswith("## ")]
    end = titles[-1] if table < len(head) and titles else table
    return "\n".join(head[: min(end, HEAD_LINES)]).strip()

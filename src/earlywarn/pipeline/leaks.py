"""Replay as-of dates on a workspace's tables before a training, and say what came out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pyarrow as pa

from earlywarn.evaluation import Finding
from earlywarn.features import Matrix, Replay, load_indicators, replay, replayed_students
from earlywarn.modeling import ModelSpec
from earlywarn.tables import Contract, Excerpt, open_tables
from earlywarn.workspace import Workspace

MOST_NAMED = 5


def replay_finding(
    model_dir: Path,
    workspace: Workspace,
    contract: Contract,
    spec: ModelSpec,
    matrix: Matrix,
    *,
    last_batch: int | None = None,
) -> Finding:
    """Rebuild a sample of a matrix from tables that hold nothing but what each as-of date could know."""
    # Of these students alone: which version of a row is the latest is worked out over all that is opened.
    some = Excerpt(pa.array(replayed_students(matrix), pa.string()))
    with closing(open_tables(workspace, contract, last_batch=last_batch, some=some)) as tables:
        found = replay(
            tables,
            contract,
            load_indicators(model_dir.parent / "indicators.toml", contract),
            matrix,
            cohort=spec.cohort,
            families=list(spec.features.families),
        )
    return finding_of(found)


def finding_of(found: Replay) -> Finding:
    """Say in both languages what a replay found."""
    days = ", ".join(day.isoformat() for day in found.dates)
    named = found.columns[:MOST_NAMED]
    if named:
        return Finding(
            "as_of_replay",
            float(found.n_differing),
            0.0,
            "stopped",
            {
                "fr": f"Reconstruites sans ce qui n’était pas encore connu ({days}), des valeurs changent"
                f"\u00a0: {', '.join(named)} ({found.n_differing} sur {found.n_cells}). Le moteur voit "
                "l’avenir. Ne rien entraîner avant de l’avoir réparé.",
                "en": f"Rebuilt without what was not yet known ({days}), values change: {', '.join(named)} "
                f"({found.n_differing} of {found.n_cells}). The engine sees the future. Train nothing before "
                "it is mended.",
            },
            named,
        )
    if not found.n_hidden:
        return Finding(
            "as_of_replay",
            0.0,
            0.0,
            "cannot tell",
            {
                "fr": f"à ces dates ({days}), les tables ne contiennent rien qui ne soit déjà connu.",
                "en": f"on these dates ({days}) the tables hold nothing that is not yet known.",
            },
        )
    return Finding(
        "as_of_replay",
        0.0,
        0.0,
        "passed",
        {
            "fr": f"{found.n_cells} valeurs de {found.n_pairs} lignes sont reconstruites au bit près sans "
            f"{found.n_hidden} faits qui n’étaient pas encore connus ({days}).",
            "en": f"{found.n_cells} values of {found.n_pairs} rows are rebuilt to the last bit without "
            f"{found.n_hidden} facts that were not yet known ({days}).",
        },
    )

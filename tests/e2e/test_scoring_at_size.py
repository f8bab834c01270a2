"""A network too large to be looked at at once is scored by some schools at a time, and no score changes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from earlywarn.pipeline.demo import TODAY
from earlywarn.pipeline.score import score
from earlywarn.tables import load_contract, open_tables
from earlywarn.workspace import Workspace

if TYPE_CHECKING:
    from earlywarn.pipeline.demo import Demo

MOST = 360
"""Memberships of the day that are looked at at once here; the network has several times as many."""


def test_a_run_by_portions_is_the_same(demo: Demo, tmp_path: Path) -> None:
    """Scores, reasons, ranks and rosters are equal to the last bit, and so is the peer snapshot."""
    shutil.copytree(
        demo.workspace.home, tmp_path / "home", ignore=shutil.ignore_patterns("server", "locks", "mlflow")
    )
    workspace, steps = Workspace(tmp_path / "home"), []

    def progress(step: str, done: int, total: int) -> None:
        steps.append((step, done, total))

    whole, apart = (
        score(
            demo.network,
            workspace,
            as_of=TODAY,
            today=TODAY,
            keys=demo.keys,
            most_memberships=most,
            progress=progress,
        )
        for most in (10**9, MOST)
    )

    tables = open_tables(workspace, load_contract(demo.network / "contract.toml"))
    assert len(tables.batches) == whole.runs[0].facts["last_batch"]
    tables.close()
    assert max(total for step, _, total in steps if step == "portions") > 1
    assert [run.scores.num_rows > 100 for run in whole.runs] == [True, True]
    for one, other in zip(whole.runs, apart.runs, strict=True):
        assert one.scores.equals(other.scores)
        assert one.rosters.equals(other.rosters)
        assert _sorted(one.peers).equals(_sorted(other.peers))
        assert (one.facts, one.data_as_of) == (other.facts, other.data_as_of)


def _sorted(peers: pa.Table) -> pa.Table:
    return peers.sort_by([(name, "ascending") for name in peers.column_names])

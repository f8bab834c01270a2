"""Keep what a back-test said of its held-out rows, so that a later champion can be compared on them.

The rows name students by pseudonym and say what came true: they stay in the workspace and go nowhere else.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.workspace import Workspace, write_atomically


def keep_held_out(workspace: Workspace, model: str, version: str, rows: pa.Table | None) -> None:
    """Keep the rows of the latest training, beside its sheet; those of the one before are removed."""
    path = held_out_path(workspace, model, version)
    for other in path.parent.glob("held_out-*.parquet"):
        other.unlink()
    if rows is not None:
        buffer = pa.BufferOutputStream()
        pq.write_table(rows, buffer, compression="zstd")
        write_atomically(path, buffer.getvalue().to_pybytes())


def held_out_path(workspace: Workspace, model: str, version: str) -> Path:
    """Return where the held-out rows of one version stand."""
    return workspace.model_reports(model) / f"held_out-{version}.parquet"

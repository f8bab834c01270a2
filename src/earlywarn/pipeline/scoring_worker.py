"""Turn posted rows into feature values: a process of its own, one JSON line in, one out.

Errors go back as what, where and what to do, which never hold a student's value; anything else is only named
by its kind, and a traceback goes nowhere.
"""

from __future__ import annotations

import sys
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.errors import EarlywarnError
from earlywarn.features import Encoding, build_matrix, empty_snapshot, moments_on
from earlywarn.pipeline.declared_inputs import DeclaredInputs, encoded_values, read_declared, unit_keys
from earlywarn.pipeline.run_files import current_run, read_parts
from earlywarn.tables import tables_from_rows
from earlywarn.workspace import Workspace


def main() -> None:
    """Answer questions until the other side closes."""
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(answer_to(line) + b"\n")
        sys.stdout.buffer.flush()


def answer_to(question: bytes) -> bytes:
    """Return the values of the posted units, or what is wrong with the rows."""
    try:
        return orjson.dumps(_values(orjson.loads(question)))
    except EarlywarnError as error:
        said = {"kind": type(error).__name__, "what": error.what, "where": error.where, "todo": error.todo}
        return orjson.dumps({"error": said})
    except Exception as error:
        said = {"kind": "TableError", "what": f"the rows cannot be read ({type(error).__name__})"}
        return orjson.dumps({"error": {**said, "where": "tables", "todo": "check them against the contract"}})


def _values(question: dict[str, Any]) -> dict[str, object]:
    declared, encoding = _declared(Path(question["folder"]))
    as_of = date.fromisoformat(question["as_of"])
    peers = _peers(Workspace(Path(question["home"])), question["model"])
    tables = tables_from_rows(declared.contract, question["tables"], received_on=as_of)
    try:
        matrix = build_matrix(
            tables,
            declared.contract,
            declared.indicators,
            cohort=declared.cohort,
            moments=moments_on(declared.contract, tables, as_of),
            families=declared.families,
            peers=empty_snapshot(declared.contract) if peers is None else peers,
        )
    finally:
        tables.close()
    values = encoded_values(matrix, encoding, question["features"], where=question["model"])
    return {
        "units": unit_keys(matrix, declared.contract),
        "values": [[None if np.isnan(value) else value for value in row] for row in values.tolist()],
        "peers_as_of": _day_of(peers),
    }


@lru_cache(maxsize=16)
def _declared(folder: Path) -> tuple[DeclaredInputs, Encoding]:
    """Read a version's declarations once; a published version never changes."""
    return read_declared(folder), Encoding.from_json((folder / "encoding.json").read_text(encoding="utf-8"))


def _peers(workspace: Workspace, model: str) -> pa.Table | None:
    """Return the peer snapshot of the run in use, if the model was published when it was made."""
    run = current_run(workspace)
    folder = None if run is None else run / model / "peers"
    return read_parts(folder) if folder is not None and folder.is_dir() else None


def _day_of(peers: pa.Table | None) -> str | None:
    if peers is None or not peers.num_rows:
        return None
    return str(pc.max(peers["as_of"]).as_py())


if __name__ == "__main__":
    main()

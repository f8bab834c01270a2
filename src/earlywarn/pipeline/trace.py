"""Tell which batches made a student's scores: the rows, by file, that the run in use could see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from earlywarn.errors import NotFoundError
from earlywarn.pipeline.run_files import read_run
from earlywarn.tables import Provenance, load_contract, provenance
from earlywarn.workspace import Workspace


@dataclass(frozen=True)
class Trace:
    """What the run in use saw of one student."""

    run: str
    as_of: str
    last_batch: int
    rows: tuple[Provenance, ...]

    def summary(self) -> str:
        """List the batches and files, a line each."""
        lines = [f"run {self.run}, as of {self.as_of}, batches up to {self.last_batch}"]
        lines += [
            f"{one.table}: {one.n_rows} rows of batch {one.batch} ({one.file}, received {one.received_on})"
            for one in self.rows
        ]
        return "\n".join(lines)


def trace(network_dir: Path, workspace: Workspace, student_id: str) -> Trace:
    """Return the batches behind a student's scores of the run in use.

    Raises:
        StorageError: Nothing was scored yet.
        NotFoundError: The run holds no such student.
    """
    contract = load_contract(network_dir / "contract.toml")
    run = read_run(workspace)
    scored = [one for one in run.runs if student_id in one.scores["student_id"].to_pylist()]
    if not scored:
        raise NotFoundError("the run scores no such student", todo="give the id that the service shows")
    last_batch = int(str(scored[0].facts.get("last_batch", 0)))
    rows = provenance(workspace, contract, student_id, as_of=run.as_of, last_batch=last_batch)
    return Trace(run.folder.name, run.as_of.isoformat(), last_batch, tuple(rows))

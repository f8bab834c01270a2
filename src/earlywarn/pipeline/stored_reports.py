"""Store what each intake did with every row: one report per batch, under the batch's number."""

from __future__ import annotations

import hashlib

from earlywarn.tables import IntakeReport
from earlywarn.workspace import Workspace, write_atomically


def store_report(report: IntakeReport, workspace: Workspace) -> None:
    """Store a report; the same report of the same intake always lands in the same file.

    An intake that added no batch is stored by its content. Of one that repeats a batch's own files, such as
    the rerun of an intake that was killed after its batch was in, nothing is stored: the batch's report
    stands.
    """
    content = report.as_json()
    if report.batch is not None:
        name = f"intake-{report.batch:06d}.json"
    elif report.repeats is None or report.refusals:
        name = f"nothing-stored-{hashlib.sha256(content).hexdigest()[:12]}.json"
    else:
        return
    write_atomically(workspace.reports / name, content)

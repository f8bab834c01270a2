"""Store what each intake did with every row: one report per batch, under the batch's number.

A report is a JSON file and a page in each language; the JSON comes last, so that where it stands all stand.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from earlywarn.domain import LANGUAGES, OTHER_LANGUAGE, Language
from earlywarn.tables import IntakeReport
from earlywarn.workspace import Workspace, write_atomically


def store_report(report: IntakeReport, workspace: Workspace) -> None:
    """Store a report; the same report of the same intake always lands in the same files.

    An intake that added no batch is stored by its content. Of one that repeats a batch's own files, such as
    the rerun of an intake that was killed after its batch was in, nothing is stored: the batch's report
    stands.
    """
    if report.status == "nothing new" and report.repeats is not None:
        return
    name = _name(report)
    for language in LANGUAGES:
        page = report.as_page(language, other=f"{name}.{OTHER_LANGUAGE[language]}.html").encode()
        write_atomically(report_page(report, workspace, language), page)
    write_atomically(workspace.reports / f"{name}.json", report.as_json())


def report_page(report: IntakeReport, workspace: Workspace, language: Language) -> Path:
    """Return where the page of a report is; of one that repeats a batch's files, the batch's own page."""
    return workspace.reports / f"{_name(report)}.{language}.html"


def _name(report: IntakeReport) -> str:
    if report.batch is not None:
        return f"intake-{report.batch:06d}"
    if report.status == "nothing new" and report.repeats is not None:
        return f"intake-{report.repeats:06d}"
    return f"nothing-stored-{hashlib.sha256(report.as_json()).hexdigest()[:12]}"

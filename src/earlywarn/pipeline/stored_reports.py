"""Store what each intake did with every row: one report an intake, as JSON and as a page in each language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from earlywarn.domain import Language
from earlywarn.tables import Contract, IntakeReport
from earlywarn.workspace import Workspace, write_atomically

LANGUAGES: tuple[Language, ...] = ("fr", "en")


def store_report(report: IntakeReport, workspace: Workspace, contract: Contract) -> IntakeReport:
    """Write the report's pages, then the report itself; return it with its name and the tables' labels.

    The JSON comes last: a number that stands is a report that is whole.
    """
    number = len(list(workspace.reports.glob("intake-*.json"))) + 1
    named = replace(report, name=f"intake-{number:06d}", labels=_labels(contract))
    for language in LANGUAGES:
        write_atomically(report_page(named, workspace, language), named.as_page(language).encode())
    write_atomically(workspace.reports / f"{named.name}.json", named.as_json())
    return named


def report_page(report: IntakeReport, workspace: Workspace, language: Language) -> Path:
    """Return where the page of a stored report is."""
    return workspace.reports / f"{report.name}.{language}.html"


def _labels(contract: Contract) -> tuple[tuple[str, str, str], ...]:
    """Return what the contract calls its tables, where it says so."""
    return tuple(
        (name, table.label.get("fr", name), table.label.get("en", name))
        for name, table in contract.tables.items()
        if table.label
    )

"""Describe the files and tables of an intake as they are declared."""

from __future__ import annotations

from earlywarn.tables.contract import ROW_NUMBER, Contract
from earlywarn.tables.extracts import Extract
from earlywarn.tables.report.counts import FileIntake


def file_intake(extract: Extract, name: str, digest: str, n_read: int) -> FileIntake:
    """Return what a report says of a file: its name and rows, and how it is declared to be written."""
    is_text = extract.format == "csv"
    named = ((column, source.from_) for column, source in extract.columns.items())
    return FileIntake(
        name=name,
        table=extract.table,
        digest=digest,
        n_read=n_read,
        format=extract.format,
        encoding=extract.encoding if is_text else "",
        separator=extract.separator if is_text else "",
        columns=tuple((column, header) for column, header in named if header and header != ROW_NUMBER),
    )


def table_labels(contract: Contract) -> tuple[tuple[str, str, str], ...]:
    """Return what the contract calls its tables, in French and English, where it says so."""
    return tuple(
        (name, table.label.get("fr", name), table.label.get("en", name))
        for name, table in contract.tables.items()
        if table.label
    )

"""Open a file of any known kind and take a sample of it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from earlywarn.errors import ExtractError
from earlywarn.tables.inspection.delimited import sample_delimited
from earlywarn.tables.inspection.parquet import sample_parquet
from earlywarn.tables.inspection.sample import Sample
from earlywarn.tables.inspection.workbook import sample_workbook

_TEXT = (".csv", ".txt", ".tsv")


def sample_file(path: Path) -> list[Sample]:
    """Return a sample of a file, or one of each filled sheet of a workbook.

    Raises:
        ExtractError: The file is of no known kind, or cannot be read.
    """
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(_TEXT):
        return [sample_delimited(path)]
    if name.endswith((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")):
        return sample_workbook(path)
    if name.endswith(".parquet"):
        return [sample_parquet(path)]
    if name.endswith(".zip"):
        raise _zip_refusal(path)
    message = f"files of this kind are not looked at ({', '.join((*_TEXT, '.xlsx', '.parquet'))} are)"
    raise ExtractError(message, where=path.name, todo="export the file as one of these")


def _zip_refusal(path: Path) -> ExtractError:
    try:
        with zipfile.ZipFile(path) as archive:
            is_roster = "manifest.csv" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return ExtractError("the zip file is damaged or cut short", where=path.name, todo="copy it again")
    if is_roster:
        message = "this looks like a OneRoster export, which needs no mapping"
        return ExtractError(message, where=path.name, todo="ingest it as it is")
    return ExtractError("a zip file is not looked into", where=path.name, todo="unpack it, inspect its files")

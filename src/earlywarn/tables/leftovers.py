"""Remove what an intake or a rotation that was cut short has left behind: files that no ledger names.

For every reader such a file does not exist; here it goes for good, names and codes in it included.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from earlywarn.errors import TableError
from earlywarn.tables.block_index import index_path
from earlywarn.tables.identity_files import identity_files
from earlywarn.tables.ledger import Ledger
from earlywarn.workspace import Workspace

SPILL = ".spill"
_FIRST = re.compile(r"000001(-\d{4})?\.parquet")
_NUMBERED = re.compile(r"(?:intake-)?(\d+)\.")


def check_ledger_is_there(workspace: Workspace, ledger: Ledger) -> None:
    """Refuse a workspace that holds batches and no ledger: they would be taken for leftovers.

    Raises:
        TableError: The ledger is gone.
    """
    batches = (path for path in workspace.tables.glob("*/*.parquet") if not path.name.startswith("."))
    if not ledger.batches and any(not _FIRST.fullmatch(path.name) for path in batches):
        where = str(workspace.tables / "ledger.json")
        raise TableError("there are batches and no ledger", where=where, todo="restore it from a backup")


def remove_leftovers(workspace: Workspace, ledger: Ledger) -> None:
    """Remove batches, indexes, identities, profiles and reports that no ledger knows, and unfinished files.

    The caller holds the workspace's lock.
    """
    tables, identities = workspace.tables, workspace.identities
    shutil.rmtree(tables / SPILL, ignore_errors=True)
    batches = {tables / file.file for _, file in ledger.stored_files()}
    known = batches | set(map(index_path, batches)) | {identities / name for name in identity_files(ledger)}
    written = [*tables.glob("*/*.parquet"), *tables.glob("*/*.index"), *identities.glob("*.encrypted")]
    unknown = [path for path in written if path not in known]
    numbered = (*workspace.reports.glob("intake-*"), *(tables / "profiles").glob("*.json"))
    unknown += [path for path in numbered if _number(path) > len(ledger.batches)]
    parts = (*tables.glob(".*.part"), *tables.glob("*/.*.part"), *identities.glob(".*.part"))
    for path in (*unknown, *parts, *workspace.reports.glob(".*.part")):
        if path.is_file():
            path.unlink()
    for folder in tables.glob("*/"):
        if not any(folder.iterdir()):
            folder.rmdir()


def _number(report: Path) -> int:
    found = _NUMBERED.match(report.name)
    return int(found[1]) if found else 0

"""A soiled extract is dirty in exactly the ways that were asked for."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.pipeline.ingest import ingest
from earlywarn.synthetic import SyntheticNetwork, soil
from earlywarn.workspace import Workspace
from tests.unit.synthetic.conftest import UNTIL


def test_intake_finds_every_spot(invented: SyntheticNetwork, project: Path, tmp_path: Path) -> None:
    """By table and reason, what waits is what was planted and what was soiled; every table adds up."""
    files = tmp_path / "extracts"
    shutil.copytree(invented.folder, files)
    spots = soil(files, "2026-2027")

    report = ingest(
        project / "models" / "quebec",
        files,
        Workspace(tmp_path / "home"),
        received_on=UNTIL,
        backfill=True,
        keys=tmp_path / "keys",
    )

    found = {
        table.table: sum((Counter({r.reason: r.n_rows}) for r in table.reasons), Counter())
        for table in report.tables
    }
    wanted = {
        table: Counter(invented.defects.get(table, {})) + Counter(spots.get(table, {})) for table in found
    }
    assert found == wanted
    assert len({reason for counts in spots.values() for reason in counts}) >= 12
    assert all(table.conserves for table in report.tables)


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    """Nothing is written where no invented network is."""
    with pytest.raises(ExtractError, match="no such invented file"):
        soil(tmp_path, "2026-2027")

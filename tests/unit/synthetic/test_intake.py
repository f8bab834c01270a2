"""Intake takes in every row of an invented network but those planted for it to refuse."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from earlywarn.pipeline.ingest import ingest
from earlywarn.synthetic import SyntheticNetwork
from earlywarn.workspace import Workspace
from tests.unit.synthetic.conftest import UNTIL


def test_intake_refuses_exactly_what_was_planted(
    invented: SyntheticNetwork, project: Path, tmp_path: Path
) -> None:
    """By table and reason the quarantine is the planted defects; repeated rows are counted, the rest new."""
    report = ingest(
        project / "models" / "quebec",
        invented.folder,
        Workspace(tmp_path / "home"),
        received_on=UNTIL,
        backfill=True,
        keys=tmp_path / "keys",
    )
    refused: dict[str, Counter[str]] = defaultdict(Counter)
    for table in report.tables:
        for one in table.reasons:
            refused[table.table][one.reason] += one.n_rows

    assert refused == invented.defects
    assert {t.table: t.n_duplicates for t in report.tables if t.n_duplicates} == dict(invented.duplicates)
    assert {t.table: t.n_read for t in report.tables} == dict(invented.rows)
    assert all(t.n_new == t.n_read - t.n_quarantined - t.n_duplicates for t in report.tables)

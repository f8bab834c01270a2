"""One small network for all tests of the room, written once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from earlywarn.synthetic import SyntheticNetwork, synthesize

UNTIL = date(2026, 11, 20)


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> SyntheticNetwork:
    """Return the smallest network, over three school years."""
    folder: Path = tmp_path_factory.mktemp("invented") / "extracts"
    return synthesize(folder, n_students=2_000, n_school_years=3, until=UNTIL, seed=7)

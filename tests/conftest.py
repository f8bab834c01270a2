"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real public data sets, or skip where the machine has none."""
    folder = Path(os.environ.get("EARLYWARN_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set EARLYWARN_DATA to test on it")
    return folder


@pytest.fixture(scope="session")
def project() -> Path:
    """Return the project's own folder."""
    return Path(__file__).resolve().parent.parent

"""Notebooks run as they are, with plain Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("[0-9]*.py"))


ENDS = {
    "01_tour.py": r"^risk [01]\.\d\d, school \d+, grade \w+\n[+-] ",
    "02_time.py": r"^[1-9]\d* facts of the future taken away, [1-9]\d* values, 0 differ$",
    "03_audit.py": r"^  other +risk minus rate \+\S+ outside ",
}
"""What each notebook prints when it has shown what it is for."""


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: str(path.name))
def test_a_notebook_runs_to_its_end(notebook: Path, tmp_path: Path) -> None:
    """From the first cell to the last, leaving nothing in the checkout."""
    done = subprocess.run(
        [sys.executable, str(notebook)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(ENDS[notebook.name], done.stdout, flags=re.MULTILINE)

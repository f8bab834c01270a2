"""The same code, data and seed leave the same bytes, however many threads, in whatever order and process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from earlywarn.modeling import boosting
from tests.builders.fingerprints import KINDS, fingerprint


@cache
def _plain(kind: str) -> str:
    return fingerprint(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_threads", [2, 4])
def test_threads_and_row_order_change_no_byte(
    kind: str, n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread on rows in order, and several on shuffled rows: trees, lines, calibrator and sheet agree."""
    # So few values would get one thread, however many are asked for.
    monkeypatch.setattr(boosting, "CELLS_PER_THREAD", 1)

    assert fingerprint(kind, n_threads=n_threads, order=n_threads) == _plain(kind)


def test_another_process_with_other_hashes_leaves_the_same_bytes(project: Path) -> None:
    """Nothing hangs on the order of a set or on a hash of Python's own."""
    other = "2" if os.environ.get("PYTHONHASHSEED") != "2" else "3"
    answer = subprocess.run(
        [sys.executable, "-m", "tests.builders.fingerprints"],
        cwd=project,
        env={**os.environ, "PYTHONHASHSEED": other},
        capture_output=True,
        check=True,
    )

    assert json.loads(answer.stdout) == {kind: _plain(kind) for kind in KINDS}


def test_the_fingerprint_tells_candidates_apart() -> None:
    """Were it blind, the tests above could not fail."""
    assert len({_plain(kind) for kind in KINDS}) == len(KINDS)

"""What every test may ask for."""

from __future__ import annotations

import fcntl
import gc
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders.lean import lean_network

if TYPE_CHECKING:
    from earlywarn.pipeline.demo import Demo

PROJECT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Let OpenMP's threads sleep while they wait, as the program lets them, and no garbage be looked for.

    OpenMP reads this once, when the first of the tests' own files loads LightGBM; spinning threads cost
    several times the work where two processes of tests share two cores.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for garbage from now on, but never again among what was imported, which stays to the end."""
    gc.freeze()
    gc.enable()


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
    return PROJECT


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Demo:
    """Return a small demonstration that tuned little, built once; tests must not change it."""
    from earlywarn.domain import no_progress
    from earlywarn.pipeline.demo import build_demo

    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lean = shared / "lean"
        if not lean.exists():
            lean_network(PROJECT / "models" / "quebec", lean / "models")
        return build_demo(
            lean, shared / "demo", n_students=2_000, seed=1, pictures=False, progress=no_progress
        )


@pytest.fixture
def full_disk() -> Iterator[Callable[[int], None]]:
    """Return what makes every file of this process end after so many bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)

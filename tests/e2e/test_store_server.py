"""The embedded server's first start survives what machines do to it meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from earlywarn.store import open_database, open_store
from earlywarn.workspace import Workspace

OPENING = """
import sys
from pathlib import Path
from earlywarn.store import open_database
from earlywarn.workspace import Workspace
open_database(Workspace(Path(sys.argv[1])))
"""


def first_seen(home: Path) -> Path:
    """Wait until the server's files begin to stand somewhere below `home`, and return the first."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for found in home.rglob("PG_VERSION"):
            return found
        time.sleep(0.005)
    raise AssertionError("no start began")


def test_a_start_that_was_killed_half_way_is_begun_anew(tmp_path: Path) -> None:
    """Files that a dead start left half made serve nobody: the next start makes whole ones."""
    home = tmp_path / "workspace"
    process = subprocess.Popen([sys.executable, "-c", OPENING, str(home)], start_new_session=True)
    first_seen(home)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)

    open_store(open_database(Workspace(home)).service).close()

    assert [path.name for path in home.glob(".*.part")] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another account")
def test_a_folder_closed_meanwhile_breaks_no_start(tmp_path: Path) -> None:
    """Another program may close a folder above the server's, as every beginning test session does."""
    home = tmp_path / "closed" / "workspace"
    home.mkdir(parents=True)

    def close() -> None:
        first_seen(home)
        home.parent.chmod(0o700)

    closing = threading.Thread(target=close)
    closing.start()
    urls = open_database(Workspace(home))
    closing.join()

    open_store(urls.service).close()

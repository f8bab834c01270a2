"""The real service in a process of its own: uvicorn, a database, a published model, the tiny network."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO

from earlywarn.publication import write_published
from earlywarn.store import open_database
from earlywarn.tables.keyring import make_keys
from earlywarn.workspace import Workspace
from tests.builders.published import write_bundle
from tests.builders.serving import Loaded, load_network
from tests.builders.store import TODAY

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, sys, threading
def refuse(event, arguments):
    if event == "pickle.find_class":
        raise RuntimeError("the serving process unpickles")
sys.addaudithook(refuse)
def tell():
    for line in sys.stdin:
        print(json.dumps(sorted(sys.modules)), flush=True)
threading.Thread(target=tell, daemon=True).start()
from datetime import date
from pathlib import Path
from earlywarn.pipeline.serve import serve
from earlywarn.workspace import Workspace
home, project, port, today = sys.argv[1:]
serve(Path(project), network=Path(project) / "models" / "quebec", port=int(port), demo=True,
      workspace=Workspace(Path(home) / "workspace"), keys=Path(home) / "keys",
      today=date.fromisoformat(today))
"""


@dataclass(frozen=True)
class Served:
    """A running service, its key, and a way to ask what its process has loaded."""

    url: str
    loaded: Loaded
    talk: tuple[IO[str], IO[str]]

    def modules(self) -> set[str]:
        """Return the names of all modules of the serving process."""
        question, answer = self.talk
        question.write("modules\n")
        question.flush()
        return set(json.loads(answer.readline()))

    def ask(self, path: str, *, body: object = None, method: str | None = None) -> tuple[int, str]:
        """Ask as the calling system, and return status and text."""
        content = None if body is None else json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {self.loaded.keys['system']}",
            "Content-Type": "application/json",
        }
        request = urllib.request.Request(self.url + path, content, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@contextmanager
def served(home: Path, *, today: date = TODAY) -> Iterator[Served]:
    """Publish a model, load the tiny network, and serve both from another process."""
    with started(home, prepared(home, today=today), today=today) as (running, _):
        yield running


def prepared(home: Path, *, today: date = TODAY) -> Loaded:
    """Publish a model and load the tiny network below `home`."""
    workspace = Workspace(home / "workspace")
    bundle = write_bundle(home / "bundle", n_rounds=5)
    write_published(bundle.folder, workspace, version="1", keys=home / "keys", created_on=today)
    loaded = load_network(open_database(workspace))
    make_keys(home / "keys")
    (home / "keys" / "identity.key").write_bytes(loaded.identity_key)
    return loaded


@contextmanager
def started(
    home: Path, loaded: Loaded, *, today: date = TODAY, variables: Mapping[str, str] | None = None
) -> Iterator[tuple[Served, subprocess.Popen[str]]]:
    """Serve what was prepared below `home` from another process, which the caller may kill."""
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(home), str(PROJECT), str(port), today.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | dict(variables or {}),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        running = Served(f"http://127.0.0.1:{port}", loaded, (process.stdin, process.stdout))
        _wait(running, process)
        yield running, process
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdin.close()
        process.stdout.close()
        # A process that a signal ended never said goodbye; opening again strikes it off, so that the
        # database's server ends with its last living user.
        open_database(Workspace(home / "workspace"))


def _wait(running: Served, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "the service ended before it answered"
        try:
            running.ask("/healthz")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the service did not answer within a minute")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""Where a network's files live, and how they are written so that a crash leaves the earlier state whole.

Layout below `EARLYWARN_HOME`: tables/ (batches and their ledger), incoming/ (what systems push), identities/
(encrypted), reports/ (intake, data quality, models), mlflow/ (database and artifacts), published/ (signed
models), scores/ (runs), server/ (embedded PostgreSQL), locks/. Nothing is written outside it; keys live in a
folder of their own.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from earlywarn.errors import BusyError, StorageError


@dataclass(frozen=True)
class Workspace:
    """The folder of one network's deployment."""

    home: Path

    @property
    def tables(self) -> Path:
        """Immutable batches of validated tables, and the ledger that names them."""
        return self.home / "tables"

    @property
    def identities(self) -> Path:
        """Encrypted names, kept apart from everything else."""
        return self.home / "identities"

    @property
    def incoming(self) -> Path:
        """Batches that systems push: what is still to be taken in, and what became of each."""
        return self.home / "incoming"

    @property
    def reports(self) -> Path:
        """What each intake accepted and quarantined, data quality, and what is said of models."""
        return self.home / "reports"

    def model_reports(self, model: str) -> Path:
        """Return where a model's last sheet, card, pictures and shadow report stand."""
        return self.reports / "models" / model

    @property
    def mlflow(self) -> Path:
        """MLflow's database and artifacts."""
        return self.home / "mlflow"

    @property
    def published(self) -> Path:
        """Signed model folders and the pointers to those in use."""
        return self.home / "published"

    @property
    def scores(self) -> Path:
        """Scores, reasons and rosters of each run."""
        return self.home / "scores"

    @property
    def server(self) -> Path:
        """The embedded database server's files."""
        return self.home / "server"


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` so that a reader sees the old file or the new one, never a part.

    Raises:
        StorageError: The disk is full or refuses the write; the old file is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's word for a full or closed disk into one that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageError(
                "the disk is full", where=str(path.parent), todo="free space and rerun"
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            message = "the folder cannot be written"
            raise StorageError(message, where=str(path.parent), todo="check its rights and rerun") from error
        raise


@contextmanager
def locked(
    workspace: Workspace, name: str, *, owner: str, waits_for: str | None = None, seconds: float = 900.0
) -> Iterator[None]:
    """Hold the lock `name` of the workspace; the system frees it if the holder dies.

    Where the holder is `waits_for`, wait for it to end, so many seconds at most.

    Raises:
        BusyError: Another process holds it; the message says which.
    """
    path = workspace.home / "locks" / f"{name}.lock"
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
                # One that holds it and has not said yet who it is will have in a moment.
                is_patient = waits_for is not None and (not holder or holder.startswith(f"{waits_for},"))
                if not is_patient or time.monotonic() > until:
                    raise BusyError(
                        f"{holder or 'another process'} is at work here",
                        where=str(path),
                        todo="wait until it ends",
                    ) from error
            time.sleep(0.1)
        with storage_errors(path):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{owner}, process {os.getpid()}".encode())
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)

"""Receive a pushed body: once for each idempotency key, into a private file, whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from earlywarn.errors import BusyError, NotFoundError, StorageError
from earlywarn.pipeline.pushed_batches import PushedBatch, PushedBatches, owner_of, state_json
from earlywarn.tables import PushFormat
from earlywarn.workspace import storage_errors, sync_folder, write_atomically

# What a full disk would stop besides: the database, the ledger, the night's scores.
BYTES_LEFT_FREE = 1 << 29
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700
_SECONDS_TO_LOCK = 60
_BODY = "body"


@dataclass
class Spool:
    """A body that is being received, in a file that its owner alone can read."""

    folder: Path
    handle: IO[bytes]
    n_bytes: int = 0
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, part: bytes) -> None:
        """Add a part of the body.

        Raises:
            StorageError: The disk is full.
        """
        with storage_errors(self.folder):
            self.handle.write(part)
        self._hash.update(part)
        self.n_bytes += len(part)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what was received."""
        return self._hash.hexdigest()

    def discard(self) -> None:
        """Remove what was received; harmless once the body was kept."""
        self.handle.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Claim:
    """One account's idempotency key, held by one request; the system frees it if the holder dies."""

    batches: PushedBatches
    account_id: str
    key_file: IO[bytes]

    def spool(self, *, n_bytes: int) -> Spool:
        """Open a file for a body of about `n_bytes`.

        Raises:
            StorageError: There is no room for it.
        """
        home = self.batches.workspace.incoming
        folder = home / "parts" / secrets.token_hex(8)
        with storage_errors(folder):
            _make_folder(folder, self.batches)
            if shutil.disk_usage(home).free - n_bytes < BYTES_LEFT_FREE:
                folder.rmdir()
                raise StorageError("the disk has no room for the body", where=str(home), todo="free space")
            handle = _open_private(folder / _BODY)
        # Held while it is received: who tidies up after a crash leaves it alone.
        fcntl.flock(handle, fcntl.LOCK_EX)
        return Spool(folder, handle)

    def keep(
        self,
        spool: Spool,
        *,
        table: str,
        form: PushFormat,
        received_at: datetime,
        accepted: tuple[str, ...] = (),
    ) -> PushedBatch | None:
        """Make the body received a batch that waits, or return the batch that the key made before.

        Returns None where the key made a batch of another body.

        Raises:
            StorageError: The disk is full; nothing was kept.
        """
        earlier = self._earlier()
        if earlier is not None:
            before = (earlier.table, earlier.form, earlier.digest, earlier.accepted)
            is_same = before == (table, form, spool.digest, accepted)
            return earlier if is_same else None
        batch = PushedBatch(
            batch_id=next_batch_id(self.batches, received_at),
            account_id=self.account_id,
            table=table,
            form=form,
            n_bytes=spool.n_bytes,
            digest=spool.digest,
            received_at=received_at,
            accepted=accepted,
        )
        owner = owner_of(self.account_id)
        place = self.batches.folder(owner, table, batch.batch_id)
        with storage_errors(place):
            _make_folder(place.parent, self.batches)
            _make_folder(self.batches.marker(batch.batch_id).parent, self.batches)
            self._remember(batch)
            write_atomically(self.batches.marker(batch.batch_id), f"{owner}/{table}".encode())
            spool.handle.flush()
            os.fsync(spool.handle.fileno())
            (spool.folder / _BODY).rename(spool.folder / batch.file)
            write_atomically(spool.folder / "batch.json", state_json(batch))
            # From here on the batch is there, for every reader and after every crash.
            spool.folder.rename(place)
            sync_folder(place.parent)
        spool.handle.close()
        return batch

    def close(self) -> None:
        """Let others use the key."""
        self.key_file.close()

    def _earlier(self) -> PushedBatch | None:
        """Return the batch that the key made; None too where a crash came before it was kept."""
        self.key_file.seek(0)
        try:
            said = json.loads(self.key_file.read())
            return self.batches.find(self.account_id, said["table"], said["batch_id"])
        except (ValueError, NotFoundError):
            return None

    def _remember(self, batch: PushedBatch) -> None:
        """Write down which batch the key makes, before that batch can be there."""
        self.key_file.seek(0)
        self.key_file.truncate()
        self.key_file.write(json.dumps({"table": batch.table, "batch_id": batch.batch_id}).encode())
        self.key_file.flush()
        os.fsync(self.key_file.fileno())
        sync_folder(Path(str(self.key_file.name)).parent)


def claim(batches: PushedBatches, account_id: str, key: str) -> Claim:
    """Return an account's idempotency key for this request alone; close it in the end.

    Raises:
        BusyError: An earlier request with this key is still being received.
    """
    path = (
        batches.workspace.incoming / "keys" / owner_of(account_id) / hashlib.sha256(key.encode()).hexdigest()
    )
    with storage_errors(path):
        _make_folder(path.parent, batches)
        handle = _open_private(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        raise BusyError("the first request with this key is still being received") from error
    return Claim(batches, account_id, handle)


def next_batch_id(batches: PushedBatches, received_at: datetime) -> str:
    """Return an id greater than every id before it, whatever the clock does, that nobody can guess."""
    path = batches.workspace.incoming / "order"
    with storage_errors(path), _open_private(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        last = handle.read(12)
        moment = max(int(received_at.timestamp() * 1000), int(last or b"0", 16) + 1)
        handle.seek(0)
        handle.write(b"%012x" % moment)
    return f"{moment:012x}{secrets.token_hex(8)}"


def tidy_up(batches: PushedBatches) -> int:
    """Remove what crashes left of bodies that were never kept; return how many there were."""
    removed = 0
    for folder in (batches.workspace.incoming / "parts").glob("*"):
        # Another process may be receiving it, or keeping it right now.
        with suppress(FileNotFoundError):
            if _is_old(folder) and not _is_held(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
    waiting = {one.batch_id for one in batches.waiting()}
    for marker in batches.marker("x").parent.glob("*"):
        with suppress(FileNotFoundError):
            if marker.name not in waiting and _is_old(marker):
                marker.unlink()
    return removed


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > _SECONDS_TO_LOCK


def _is_held(folder: Path) -> bool:
    for path in folder.glob("*"):
        with path.open("rb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def _make_folder(folder: Path, batches: PushedBatches) -> None:
    """Make a private folder that is still there after a power cut."""
    home = batches.workspace.home
    home.mkdir(parents=True, exist_ok=True)
    inner = [parent for parent in folder.parents if parent.is_relative_to(home) and parent != home]
    for part in (*reversed(inner), folder):
        if not part.is_dir():
            part.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            sync_folder(part.parent)


def _open_private(path: Path) -> IO[bytes]:
    """Open a file for reading and writing that only its owner can read, made where it is not there."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE), "r+b")

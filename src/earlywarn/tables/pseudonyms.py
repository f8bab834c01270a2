"""Replace the codes that name people by keyed pseudonyms, and put names away where only a key reads them.

The keys live in a folder of their own, outside the workspace: who steals the tables learns no name.
"""

from __future__ import annotations

import hmac
import io
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.fernet import Fernet, InvalidToken

from earlywarn.errors import SettingsError, StorageError
from earlywarn.workspace import Workspace, storage_errors, sync_folder, write_atomically

_PSEUDONYM_KEY = "pseudonym.key"
_IDENTITY_KEY = "identity.key"
_LENGTH = 32


def pseudonym_of(code: str, *, keys: Path) -> str:
    """Return the pseudonym of one code, the same in every table and at every intake of the network."""
    return pseudonyms([code], keys=keys)[0]


def pseudonyms(codes: list[str], *, keys: Path) -> list[str]:
    """Return the pseudonym of each code: the first 128 bits of its HMAC-SHA256, in hexadecimal."""
    key = _key(keys, _PSEUDONYM_KEY)
    return [hmac.digest(key, code.encode(), "sha256").hex()[:_LENGTH] for code in codes]


def write_identities(table: str, rows: pa.Table, workspace: Workspace, *, keys: Path) -> None:
    """Encrypt the names of a table's people and store them beside the tables, whole or not at all."""
    plain = io.BytesIO()
    pq.write_table(rows, plain, compression="zstd")
    write_atomically(_path(workspace, table), Fernet(_key(keys, _IDENTITY_KEY)).encrypt(plain.getvalue()))


def read_identities(table: str, workspace: Workspace, *, keys: Path) -> pa.Table | None:
    """Return a table's identities, one row per person: id, `_code` as given, names; None before any intake.

    Raises:
        StorageError: The file was written with another key or is damaged.
    """
    path = _path(workspace, table)
    if not path.is_file():
        return None
    try:
        plain = Fernet(_key(keys, _IDENTITY_KEY)).decrypt(path.read_bytes())
    except InvalidToken as error:
        message = "the identities were written with another key, or are damaged"
        raise StorageError(message, where=str(path), todo="give the key they were written with") from error
    return pq.read_table(pa.BufferReader(plain))


def check_keys_apart(keys: Path, workspace: Workspace) -> None:
    """Refuse keys that lie inside the workspace they protect.

    Raises:
        SettingsError: They do.
    """
    if keys.resolve().is_relative_to(workspace.home.resolve()):
        raise SettingsError(
            "the keys lie inside the workspace", where=str(keys), todo="keep them in a folder of their own"
        )


def _path(workspace: Workspace, table: str) -> Path:
    return workspace.identities / f"{table}.encrypted"


def _key(keys: Path, name: str) -> bytes:
    path = keys / name
    with storage_errors(path):
        if not path.is_file():
            _create(path, Fernet.generate_key())
        return path.read_bytes()


def _create(path: Path, key: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(key)
        handle.flush()
        os.fsync(handle.fileno())
    try:
        # A link never overwrites: of two processes that start together, one key wins for both.
        os.link(temporary, path)
        sync_folder(path.parent)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)

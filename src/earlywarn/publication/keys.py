"""The key that signs published folders: an Ed25519 pair in a folder outside the workspace."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from earlywarn.errors import PublicationError
from earlywarn.workspace import storage_errors, sync_folder, write_atomically

_PRIVATE, _PUBLIC = "signing.key", "signing.pub"


def signing_key(keys: Path) -> Ed25519PrivateKey:
    """Return the private key, made on first use and readable by its owner alone.

    Raises:
        PublicationError: The key file is not a key, or others may read it.
    """
    path = keys / _PRIVATE
    with storage_errors(path):
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _create(path)
    if path.stat().st_mode & 0o077:
        raise PublicationError(
            "others than the owner may read the signing key", where=str(path), todo="run chmod 600 on it"
        )
    try:
        key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PublicationError(
            "this is not a signing key", where=str(path), todo="restore it from its backup"
        ) from error
    write_atomically(keys / _PUBLIC, key.public_key().public_bytes_raw())
    return key


def public_key(keys: Path) -> Ed25519PublicKey:
    """Return the key by which published folders are verified; the service needs no other.

    Raises:
        PublicationError: There is none yet, or the file is not a key.
    """
    path = keys / _PUBLIC
    try:
        return Ed25519PublicKey.from_public_bytes(path.read_bytes())
    except FileNotFoundError as error:
        raise PublicationError(
            "there is no public key", where=str(path), todo="publish a model, or copy signing.pub here"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PublicationError("this is not a public key", where=str(path), todo="copy it again") from error


def _create(path: Path) -> None:
    """Write a new key; of two that start at once, one wins and both use its key."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(Ed25519PrivateKey.generate().private_bytes_raw())
            handle.flush()
            os.fsync(handle.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)

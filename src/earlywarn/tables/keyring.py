"""The two keys that a network's people are hidden by: files in a folder of their own, outside the workspace.

Who steals the tables learns no name, and who steals the pseudonym key alone has nothing to try it on.
A rotation puts the keys to come beside those in use; the ledger says which of the two the tables are under.
"""

from __future__ import annotations

import os
from pathlib import Path

from earlywarn.encryption import key_id, new_key
from earlywarn.errors import SettingsError
from earlywarn.workspace import Workspace, storage_errors, sync_folder

PSEUDONYM_KEY = "pseudonym.key"
IDENTITY_KEY = "identity.key"
_SIZES = {PSEUDONYM_KEY: 32, IDENTITY_KEY: 64}


def read_key(keys: Path, name: str) -> bytes:
    """Return a key as its file holds it.

    Raises:
        SettingsError: There is no such key.
    """
    path = keys / name
    with storage_errors(path):
        try:
            return path.read_bytes().strip()
        except FileNotFoundError as error:
            raise SettingsError(
                "the key is not there", where=str(path), todo="restore the keys folder from its backup"
            ) from error


def make_keys(keys: Path, *, to_come: bool = False) -> None:
    """Make the keys that are not there yet, in use or to come, each readable by its owner alone.

    Keys to come that a rotation cut short has made are used again.
    """
    for name, n_bytes in _SIZES.items():
        _make_key(keys / (upcoming(name) if to_come else name), n_bytes)


def key_name(keys: Path) -> str:
    """Return the public name of the pseudonym key in use."""
    return key_id(read_key(keys, PSEUDONYM_KEY))


def upcoming(name: str) -> str:
    """Return the file name of the key that is to take a key's place.

    >>> upcoming("identity.key")
    'identity.next.key'
    """
    return name.removesuffix(".key") + ".next.key"


def open_keys(keys: Path, workspace: Workspace, *, known_as: str | None) -> None:
    """Check that the keys are those of the tables, making them before the first intake.

    Args:
        keys: The folder of the network's keys.
        workspace: The workspace they protect.
        known_as: The public name of the pseudonym key by the ledger; None before the first intake.

    Raises:
        SettingsError: They lie inside the workspace, are not there, or are not those the tables are under.
    """
    check_keys_apart(keys, workspace)
    for name in (*_SIZES, *map(upcoming, _SIZES)):
        for part in keys.glob(f".{name}.*.part"):
            part.unlink(missing_ok=True)
    if known_as is None:
        make_keys(keys)
        return
    finish_change(keys, known_as=known_as)
    if (found := key_name(keys)) != known_as:
        raise SettingsError(
            f"the tables were taken in with pseudonym key {known_as}, and this one is {found}",
            where=str(keys / PSEUDONYM_KEY),
            todo="give the keys folder of this workspace",
        )


def is_change_waiting(keys: Path, *, known_as: str) -> bool:
    """Say whether the ledger is under the key to come already, so that only the keys are left to change."""
    coming = keys / upcoming(PSEUDONYM_KEY)
    return coming.is_file() and key_id(read_key(keys, coming.name)) == known_as


def finish_change(keys: Path, *, known_as: str) -> None:
    """Put the keys to come in use where the ledger is under them already."""
    if not is_change_waiting(keys, known_as=known_as):
        return
    with storage_errors(keys):
        # The pseudonym key goes last: while it waits, the change is not finished.
        for name in (IDENTITY_KEY, PSEUDONYM_KEY):
            if (keys / upcoming(name)).is_file():
                (keys / upcoming(name)).replace(keys / name)
                sync_folder(keys)


def identity_key_of(keys: Path, wanted: str) -> bytes:
    """Return the identity key of a public name, in use or to come; the one in use where neither has it."""
    coming = keys / upcoming(IDENTITY_KEY)
    if coming.is_file() and key_id(read_key(keys, coming.name)) == wanted:
        return read_key(keys, coming.name)
    return read_key(keys, IDENTITY_KEY)


def check_keys_apart(keys: Path, workspace: Workspace) -> None:
    """Refuse keys that lie inside the workspace they protect.

    Raises:
        SettingsError: They do.
    """
    if keys.resolve().is_relative_to(workspace.home.resolve()):
        raise SettingsError(
            "the keys lie inside the workspace", where=str(keys), todo="keep them in a folder of their own"
        )


def _make_key(path: Path, n_bytes: int) -> None:
    """Make one key where there is none; of two processes that start together, one key wins for both."""
    if path.is_file():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with storage_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as handle:
                handle.write(new_key(n_bytes))
                handle.flush()
                os.fsync(handle.fileno())
            os.link(temporary, path)
            sync_folder(path.parent)
        except FileExistsError:
            # A link never overwrites.
            pass
        finally:
            temporary.unlink(missing_ok=True)

"""Change the keys that hide a network's people, while nobody else reads or writes its tables."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from pathlib import Path

from earlywarn.domain import Progress, no_progress
from earlywarn.tables import Rotated, load_contract, rotate_keys
from earlywarn.workspace import Workspace, locked

_READERS = ("ingest", "train", "score", "load")


def rotate(
    network_dir: Path, workspace: Workspace, *, keys: Path, today: date, progress: Progress = no_progress
) -> Rotated:
    """Give everybody a new pseudonym and lock the identities anew, whole or not at all.

    Args:
        network_dir: The folder with contract.toml.
        workspace: Its batches and identities are written anew.
        keys: The folder of the network's keys; the new ones take the place of the old.
        today: The day that the ledger records.
        progress: Told how many batch files are done.

    Raises:
        BusyError: An intake, a training, a scoring or a loading is at work on this workspace.
        TableError: There is nothing to rotate, or a pseudonym's code is not kept.
        StorageError: The disk is full; everything is under the former keys, and whole.
    """
    contract = load_contract(network_dir / "contract.toml")
    with ExitStack() as locks:
        for name in _READERS:
            locks.enter_context(locked(workspace, name, owner=f"rotate {contract.network.name}"))
        return rotate_keys(contract, workspace, keys=keys, today=today, progress=progress)

"""Turn the codes that a calling system knows into the opaque ids that everything else uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from earlywarn.domain import StudentId
from earlywarn.tables import IDENTITY_KEY, PSEUDONYM_KEY, keyed_hashes, load_contract, read_key


def pseudonymizer(network_dir: Path, *, keys: Path) -> Callable[[Sequence[str]], list[StudentId]]:
    """Return what gives each code its opaque id, whether or not any student answers to it.

    A code is folded as the network's contract declares, as at intake: a caller may write it as its files do.
    The key is read once: a process goes on with the one that the database it reads is under.

    Raises:
        SettingsError: When a code is asked for, and there is no key.
    """
    form = load_contract(network_dir / "contract.toml").network.pseudonyms
    known = read_key(keys, PSEUDONYM_KEY) if (keys / PSEUDONYM_KEY).is_file() else None

    def pseudonyms_of(codes: Sequence[str]) -> list[StudentId]:
        key = known or read_key(keys, PSEUDONYM_KEY)
        return [StudentId(found) for found in keyed_hashes([form.folded(code) for code in codes], key)]

    return pseudonyms_of


def identity_key(keys: Path) -> bytes | None:
    """Return the key to the stored names; None where this deployment serves without names."""
    return read_key(keys, IDENTITY_KEY) if (keys / IDENTITY_KEY).is_file() else None

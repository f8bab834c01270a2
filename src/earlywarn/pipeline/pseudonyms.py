"""Turn the codes that a calling system knows into the opaque ids that everything else uses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from earlywarn.domain import StudentId
from earlywarn.tables import pseudonyms

IDENTITY_KEY = "identity.key"


def pseudonyms_of(codes: Sequence[str], *, keys: Path) -> list[StudentId]:
    """Return the opaque id of each code, whether or not any student answers to it."""
    return [StudentId(pseudonym) for pseudonym in pseudonyms(list(codes), keys=keys)]


def identity_key(keys: Path) -> bytes | None:
    """Return the key to the stored names; None where this deployment serves without names."""
    path = keys / IDENTITY_KEY
    return path.read_bytes() if path.is_file() else None

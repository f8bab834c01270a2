"""The signed list of a published folder's files: nothing else may be in it, and nothing may differ.

The signature covers the manifest byte for byte, and stands in a file of its own, so that not even a space can
change unseen. Files are read once: what was hashed is what is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from earlywarn.errors import DamagedModelError

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
FORMAT = 1
SUFFIXES = frozenset({".json", ".txt", ".md", ".toml", ".npz"})
"""Plain text, and arrays without objects: nothing that could run."""
_LARGEST_FILE = 512 * 2**20
_LARGEST_MANIFEST = 2**20
_AGAIN = "publish the model again, or roll back"


def signed_manifest(
    files: Mapping[str, bytes], facts: Mapping[str, object], key: Ed25519PrivateKey
) -> dict[str, bytes]:
    """Return the two files that list and sign all others."""
    listed = {
        name: {"sha256": sha256(files[name]).hexdigest(), "size": len(files[name])} for name in sorted(files)
    }
    text = json.dumps(
        {"format": FORMAT, **facts, "files": listed}, indent=1, sort_keys=True, ensure_ascii=False
    )
    content = text.encode()
    return {MANIFEST: content, SIGNATURE: key.sign(content)}


def verified_files(folder: Path, key: Ed25519PublicKey) -> tuple[dict[str, object], dict[str, bytes]]:
    """Read a published folder, and return its manifest and its files if all is as signed.

    Raises:
        DamagedModelError: A byte differs, a file is missing or more than was signed, a link or an odd name is
            there, or somebody else signed.
    """
    content = _read(folder, MANIFEST, _LARGEST_MANIFEST)
    try:
        key.verify(_read(folder, SIGNATURE, 64), content)
    except InvalidSignature as error:
        raise _damaged(folder, "the manifest's signature is not ours") from error
    manifest, listed = _parse(folder, content)
    found = _names_in(folder)
    if found != {*listed, MANIFEST, SIGNATURE}:
        raise _damaged(folder, "the folder holds other files than its manifest lists")
    files: dict[str, bytes] = {}
    for name, (digest, size) in listed.items():
        files[name] = _read(folder, name, _LARGEST_FILE)
        if len(files[name]) != size or sha256(files[name]).hexdigest() != digest:
            raise _damaged(folder, f"{name} is not what was signed")
    return manifest, files


def is_plain_name(name: str) -> bool:
    """Say whether a name is a relative path of plain words to a kind of file that a folder may hold.

    >>> is_plain_name("declarations/model.toml"), is_plain_name("../model.json"), is_plain_name("model.pkl")
    (True, False, False)
    """
    path = PurePosixPath(name)
    plain = all(part.replace("_", "").replace("-", "").replace(".", "").isalnum() for part in path.parts)
    hidden = any(part.startswith(".") for part in path.parts)
    whole = str(path) == name and not path.is_absolute() and name.isascii()
    return whole and plain and not hidden and path.suffix in SUFFIXES


def _parse(folder: Path, content: bytes) -> tuple[dict[str, object], dict[str, tuple[str, int]]]:
    try:
        manifest = cast("dict[str, object]", json.loads(content))
        if manifest["format"] != FORMAT:
            raise _damaged(folder, "the manifest's format is unknown to this program")
        files = cast("dict[str, dict[str, object]]", manifest["files"])
        listed = {name: (str(file["sha256"]), int(str(file["size"]))) for name, file in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, "the manifest cannot be read") from error
    for name in listed:
        if not is_plain_name(name):
            raise _damaged(folder, "the manifest names a file that no published folder may hold")
    return manifest, listed


def _names_in(folder: Path) -> set[str]:
    """List all files below a folder; a link or anything else that is no file is damage."""
    names: set[str] = set()
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise _damaged(folder, "the folder holds something that is no plain file")
        if path.is_file():
            names.add(path.relative_to(folder).as_posix())
    return names


def _read(folder: Path, name: str, largest: int) -> bytes:
    path = folder / name
    try:
        if path.is_symlink() or path.stat().st_size > largest:
            raise _damaged(folder, f"{name} is a link or too large")
        return path.read_bytes()
    except OSError as error:
        raise _damaged(folder, f"{name} is missing or cannot be read") from error


def _damaged(folder: Path, what: str) -> DamagedModelError:
    return DamagedModelError(what, where=str(folder), todo=_AGAIN)

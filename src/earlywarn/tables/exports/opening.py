"""Recognize a OneRoster export, a zip or a folder, and open the files that are to be read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from earlywarn.errors import ExtractError
from earlywarn.tables.exports.archive import checked_members, has_member, read_member, unpack
from earlywarn.tables.exports.manifest import (
    MANIFEST,
    MAX_BYTES,
    Manifest,
    check_files,
    read_manifest,
    says_oneroster,
)
from earlywarn.tables.oneroster import standard
from earlywarn.workspace import storage_errors

INCOMING = ".incoming"


@dataclass(frozen=True)
class Export:
    """An export whose manifest is right; `paths` are the files taken out of it to be read."""

    name: str
    manifest: Manifest
    paths: Mapping[str, Path]
    digest: str


def is_export(path: Path) -> bool:
    """Say whether a zip or a folder holds a OneRoster manifest.

    Raises:
        ExtractError: It is a zip that breaks a limit.
    """
    if path.is_dir():
        manifest = path / MANIFEST
        return manifest.is_file() and says_oneroster(_small(manifest))
    return path.is_file() and has_member(path, MANIFEST)


def open_export(path: Path, wanted: Collection[str], *, incoming: Path) -> Export:
    """Check an export and take out the wanted files that it holds.

    Args:
        path: The zip or the folder.
        wanted: The files to read; no other is opened.
        incoming: A folder for what a zip holds; the caller removes it.

    Raises:
        ExtractError: The manifest or the zip is not as it must be.
        StorageError: The disk is full.
    """
    if path.is_dir():
        content = _small(path / MANIFEST)
        manifest = read_manifest(content, standard(), where=f"{path.name}/{MANIFEST}")
        check_files(manifest, {file.name for file in path.glob("*.csv")}, where=path.name)
        paths = {file: path / f"{file}.csv" for file in wanted if file in manifest.modes}
        return Export(path.name, manifest, paths, _digest(content))
    members = checked_members(path)
    if MANIFEST not in members:
        raise ExtractError("it holds no manifest.csv", where=path.name, todo="pack the files without folders")
    content = read_member(path, members[MANIFEST], at_most=MAX_BYTES)
    manifest = read_manifest(content, standard(), where=f"{path.name}/{MANIFEST}")
    check_files(manifest, members.keys(), where=path.name)
    with storage_errors(incoming):
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir(parents=True, mode=0o700)
    paths = {
        file: unpack(path, members[f"{file}.csv"], incoming / f"{file}.csv")
        for file in wanted
        if file in manifest.modes
    }
    return Export(path.name, manifest, paths, _digest(content))


def _small(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(MAX_BYTES)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""Recognize a OneRoster export, a zip or a folder, and open the files that are to be read."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from earlywarn.errors import ExtractError
from earlywarn.tables.exports.archive import checked_members, has_member, read_member
from earlywarn.tables.exports.manifest import (
    MANIFEST,
    MAX_BYTES,
    Manifest,
    check_files,
    read_manifest,
    says_oneroster,
)
from earlywarn.tables.oneroster import standard
from earlywarn.tables.reading import Content


@dataclass(frozen=True)
class Export:
    """An export whose manifest is right; `contents` are those of its files that are to be read."""

    name: str
    manifest: Manifest
    contents: Mapping[str, Content]
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


def open_export(path: Path, wanted: Collection[str]) -> Export:
    """Check an export and find the wanted files in it; a zip's are unpacked while they are read.

    Args:
        path: The zip or the folder.
        wanted: The files to read; no other is opened.

    Raises:
        ExtractError: The manifest or the zip is not as it must be.
    """
    if path.is_dir():
        content = _small(path / MANIFEST)
        manifest = read_manifest(content, standard(), where=f"{path.name}/{MANIFEST}")
        check_files(manifest, {file.name for file in path.glob("*.csv")}, where=path.name)
        contents = {file: Content(path / f"{file}.csv") for file in wanted if file in manifest.modes}
        return Export(path.name, manifest, contents, _digest(content))
    members = checked_members(path)
    if MANIFEST not in members:
        raise ExtractError("it holds no manifest.csv", where=path.name, todo="pack the files without folders")
    content = read_member(path, members[MANIFEST], at_most=MAX_BYTES)
    manifest = read_manifest(content, standard(), where=f"{path.name}/{MANIFEST}")
    check_files(manifest, members.keys(), where=path.name)
    contents = {file: Content(path, f"{file}.csv") for file in wanted if file in manifest.modes}
    return Export(path.name, manifest, contents, _digest(content))


def _small(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(MAX_BYTES)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

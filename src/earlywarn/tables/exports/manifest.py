"""Read an export's manifest.csv: which version it is of, and which files it holds in which mode."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from earlywarn.errors import ExtractError
from earlywarn.tables.oneroster import Standard, Version

Mode = Literal["bulk", "delta"]
MANIFEST = "manifest.csv"
MAX_BYTES = 1 << 16
_HEADER = ["propertyName", "value"]
_FILE = "file."
_VERSIONS: dict[str, Version] = {"1.1": "1.1", "1.2": "1.2"}
_MODES: dict[str, Mode] = {"bulk": "bulk", "delta": "delta"}
_ABSENT = "absent"


@dataclass(frozen=True)
class Manifest:
    """What an export says of itself; `system` names where it comes from, "" where it does not say."""

    version: Version
    modes: Mapping[str, Mode]
    system: str


def says_oneroster(content: bytes) -> bool:
    """Say whether a manifest is one of OneRoster's, whatever else is wrong with it."""
    return b"oneroster.version" in content


def read_manifest(content: bytes, known: Standard, *, where: str) -> Manifest:
    """Return what a manifest says.

    Raises:
        ExtractError: It is not as the specification says, or of a version that is not read.
    """
    stated = _properties(content, where)
    if (given := stated.get("manifest.version", "")) != "1.0":
        raise _refused(where, f"manifest.version is {_shown(given)}, not 1.0", "export it again")
    version = _VERSIONS.get(given := stated.get("oneroster.version", ""))
    if version is None:
        raise _refused(
            where, f"oneroster.version is {_shown(given)}; 1.2 and 1.1 are read", "export version 1.2"
        )
    modes: dict[str, Mode] = {}
    for name, value in stated.items():
        if not name.startswith(_FILE) or value == _ABSENT:
            continue
        file = name.removeprefix(_FILE)
        if file not in known.names():
            raise _refused(where, f"OneRoster has no file {_shown(file)}", "declare it absent")
        if value not in _MODES:
            raise _refused(where, f"{name} is {_shown(value)}, not absent, bulk or delta", "export it again")
        modes[file] = _MODES[value]
    if not modes:
        raise _refused(where, "it declares no file", "export again")
    return Manifest(version, modes, stated.get("source.systemCode") or stated.get("source.systemName") or "")


def check_files(manifest: Manifest, there: Collection[str], *, where: str) -> None:
    """Refuse an export that lacks a file it declares, or holds one that it does not.

    Raises:
        ExtractError: Names the files.
    """
    files = {name.removesuffix(".csv") for name in there if name != MANIFEST}
    if lacking := sorted(manifest.modes.keys() - files):
        raise _refused(where, f"the manifest declares {_listed(lacking)}, not there", "export it again")
    if strange := sorted(files - manifest.modes.keys()):
        raise _refused(
            where,
            f"it holds {_listed(strange)}, which the manifest does not declare",
            "declare each file in manifest.csv as bulk or delta",
        )


def _properties(content: bytes, where: str) -> dict[str, str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(where, "it is not UTF-8", "export it again") from error
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    if not rows or rows[0] != _HEADER:
        raise _refused(where, "its header is not 'propertyName,value'", "export it again")
    stated: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(_HEADER):
            raise _refused(where, f"row {number} has not two cells", "export it again")
        name, value = (cell.strip() for cell in row)
        if name in stated:
            raise _refused(where, f"row {number} states a property again", "export it again")
        stated[name] = value
    return stated


def _shown(text: str) -> str:
    return f"'{text[:40]}'" if text else "not given"


def _listed(files: list[str]) -> str:
    return ", ".join(f"'{file[:40]}.csv'" for file in files[:8])


def _refused(where: str, what: str, todo: str) -> ExtractError:
    return ExtractError(what, where=where, todo=todo)

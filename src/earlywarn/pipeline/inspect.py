"""Look at unknown files and propose a first `extracts.toml`, and a first contract where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from earlywarn.domain import Language
from earlywarn.errors import DeclarationError
from earlywarn.tables import load_contract
from earlywarn.tables.inspection import Inspection, inspect_files
from earlywarn.workspace import write_atomically


def inspect(
    files: Sequence[Path],
    *,
    network_dir: Path | None = None,
    out: Path | None = None,
    language: Language = "en",
) -> Inspection:
    """Return what is proposed for the files, and write it where a place is named.

    Args:
        files: The unknown files, or folders of them.
        network_dir: The folder whose contract.toml says what is wanted; without it a contract is drafted.
        out: Where to write the proposed extracts.toml; a drafted contract.toml is written beside it.
        language: The language of what is said to be unsure.

    Raises:
        ExtractError: No file is of a known kind and can be read.
        DeclarationError: The contract has problems, or a file to be written is there already.
    """
    contract = load_contract(network_dir / "contract.toml") if network_dir is not None else None
    inspection = inspect_files(_listed(files), contract)
    if out is not None:
        _write(inspection, out, language)
    return inspection


def _listed(files: Sequence[Path]) -> list[Path]:
    """Return the files, and those of each folder by name; what is hidden is no file of a school."""
    listed: list[Path] = []
    for path in files:
        inside = path.iterdir() if path.is_dir() else [path]
        listed += sorted(file for file in inside if file == path or (file.is_file() and file.name[0] != "."))
    return listed


def _write(inspection: Inspection, out: Path, language: Language) -> None:
    texts = {out: inspection.extracts_toml(language)}
    if (drafted := inspection.contract_toml(language)) is not None:
        texts[out.with_name("contract.toml")] = drafted
    for path in texts:
        if path.exists():
            message = "there is such a file already, and it may have been mended by hand"
            raise DeclarationError(message, where=str(path), todo="name another file, or move it away")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())

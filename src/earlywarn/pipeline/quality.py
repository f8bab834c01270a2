"""Say how complete each school's records are: JSON and pages in the workspace, sheets for the service."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from earlywarn.domain import LANGUAGES, OTHER_LANGUAGE, Language, Progress, no_progress
from earlywarn.paper import page
from earlywarn.pipeline.accounts import owner_url
from earlywarn.quality import (
    Naming,
    NetworkQuality,
    SchoolQuality,
    assess,
    findings_of,
    network_sheet,
    quality_json,
    school_sheet,
)
from earlywarn.store import DatabaseUrls, QualityToLoad, load_quality, owner_engine
from earlywarn.tables import load_contract, open_tables
from earlywarn.workspace import Workspace, locked, storage_errors, sync_folder

_OVERVIEW: Mapping[Language, str] = {"fr": "Toutes les écoles", "en": "All schools"}
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")


@dataclass(frozen=True)
class QualityRun:
    """What was found, and the folder that holds its pages."""

    quality: NetworkQuality
    folder: Path

    @property
    def n_asked(self) -> int:
        """Return how many schools have something to settle."""
        return sum(bool(findings_of(school)) for school in self.quality.schools)

    def summary(self) -> str:
        """Say in one sentence what was found and where it stands."""
        n_schools = len(self.quality.schools)
        return (
            f"data quality as of {self.quality.as_of}: {self.n_asked} of {n_schools} schools have something "
            f"to settle; pages in {self.folder}"
        )


def quality(
    network: Path, workspace: Workspace, *, as_of: date, progress: Progress = no_progress
) -> QualityRun:
    """Assess every school as of a day, and write the JSON, the overview and a page per school.

    The folder of a day is written whole or not at all; an earlier one of the same day is replaced.

    Raises:
        AsOfError: The day lies in no period, or nobody was in any school.
        BusyError: Another process is at it.
        StorageError: The disk is full; the earlier folder stands.
    """
    contract = load_contract(network / "contract.toml")
    with locked(workspace, "quality", owner="quality"):
        tables = open_tables(workspace, contract)
        try:
            found = assess(tables, as_of, progress=progress)
        finally:
            tables.close()
        namings = tuple(Naming(contract, language) for language in LANGUAGES)
        folder = workspace.reports / "quality" / as_of.isoformat()
        with storage_errors(folder):
            _replace_folder(folder, _files(found, namings))
    return QualityRun(found, folder)


def store_quality(network: Path, workspace: Workspace, database: DatabaseUrls, found: NetworkQuality) -> None:
    """Bring the sheets into the service's database, all or none.

    Raises:
        BusyError: Another process is loading.
        StoreError: The database refuses, or its owner is not known here.
    """
    contract = load_contract(network / "contract.toml")
    namings = tuple(Naming(contract, language) for language in LANGUAGES)
    rows = [_to_load(school, found, namings) for school in found.schools]
    with locked(workspace, "load", owner="load"):
        engine = owner_engine(owner_url(database))
        try:
            load_quality(engine, rows)
        finally:
            engine.dispose()


def _to_load(school: SchoolQuality, found: NetworkQuality, namings: tuple[Naming, ...]) -> QualityToLoad:
    sheets = {str(naming.language): school_sheet(school, found, naming).as_json() for naming in namings}
    return QualityToLoad(school.school_id, found.as_of, len(findings_of(school)), sheets)


def _files(found: NetworkQuality, namings: tuple[Naming, ...]) -> dict[str, bytes]:
    """Return every file of the folder by its name."""
    files = {"quality.json": quality_json(found, namings)}
    for naming in namings:
        language = naming.language
        other = OTHER_LANGUAGE[language]
        names = {school.school_id: _page_name(school.school_id) for school in found.schools}
        links = {school_id: f"schools/{name}.{language}.html" for school_id, name in names.items()}
        overview = network_sheet(found, naming, links)
        files[f"index.{language}.html"] = page(overview, language, other=f"index.{other}.html").encode()
        for school in found.schools:
            html = page(
                school_sheet(school, found, naming),
                language,
                other=f"{names[school.school_id]}.{other}.html",
                home=(f"../index.{language}.html", _OVERVIEW[language]),
            )
            files[links[school.school_id]] = html.encode()
    return files


def _page_name(school_id: str) -> str:
    """Return a file name for a school: its id, or a digest of an id that is no plain name."""
    if _PLAIN.fullmatch(school_id):
        return school_id
    return "school-" + hashlib.sha256(school_id.encode()).hexdigest()[:16]


def _replace_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder beside the earlier one, and let it take its place in one step."""
    part, old = folder.with_name(f".{folder.name}.part"), folder.with_name(f".{folder.name}.old")
    shutil.rmtree(part, ignore_errors=True)
    try:
        for name, content in files.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
        part.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)

"""Say who would enter and leave each list if the candidate were promoted, where, in which groups, and why.

Counts only, in the workspace's reports and with the candidate's MLflow run; which students they are stands in
one file of the workspace, by pseudonym, that its owner alone may read.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earlywarn.domain import LANGUAGES, OTHER_LANGUAGE, Language, Progress, no_progress
from earlywarn.evaluation import (
    Flags,
    HeldOutPair,
    Indexes,
    Listing,
    ShadowReport,
    head_lines,
    mean_risk_change,
    moves_by,
    moves_of,
    rank_correlation,
    shadow_page,
    shadow_text,
    side_sheet,
)
from earlywarn.modeling import ModelSpec, load_spec
from earlywarn.pipeline.declared_inputs import DeclaredInputs, read_declared
from earlywarn.pipeline.model_names import registered_name
from earlywarn.pipeline.shadow_held_out import NO_CHAMPION, held_out_pair
from earlywarn.pipeline.shadow_sides import (
    Side,
    aligned,
    latest_matrix,
    rules_side,
    side_of,
    why,
    words_of,
)
from earlywarn.pipeline.train import group_names
from earlywarn.registry import CANDIDATE, CHAMPION, ModelVersion, Registry, open_registry
from earlywarn.tables import load_contract
from earlywarn.workspace import Workspace, locked, storage_errors, write_atomically


@dataclass(frozen=True, eq=False)
class Candidate:
    """The candidate as it was registered, and what it says."""

    version: ModelVersion
    bundle: Path
    spec: ModelSpec
    declared: DeclaredInputs
    side: Side


@dataclass(frozen=True)
class Shadow:
    """A report, which version it is about, and where it was written."""

    version: ModelVersion
    report: ShadowReport
    folder: Path

    def summary(self, language: Language = "en") -> str:
        """Say it in the terminal."""
        return shadow_text(json.loads(self.report.to_json()), language)

    @property
    def champion_kind(self) -> str | None:
        """Return what kind of model the champion is; None where there is none."""
        other = self.report.other
        return other.kind if other is not None and other.what == CHAMPION else None

    def head(self, language: Language = "en") -> list[str]:
        """Say in a few lines how much would change."""
        return head_lines(json.loads(self.report.to_json()), language)


def shadow(
    model_dir: Path,
    workspace: Workspace,
    *,
    tracking_uri: str | None = None,
    progress: Progress = no_progress,
) -> Shadow:
    """Compare the candidate of the model declared in `model_dir` with its champion, on the latest as-of date.

    Raises:
        RegistryError: There is no candidate.
        AsOfError: No as-of date of the model has anybody in its cohort.
        PublicationError: The tables no longer give what a model was trained on.
    """
    name = registered_name(model_dir)
    with locked(workspace, "shadow", owner=f"shadow {name}"):
        registry = open_registry(workspace.mlflow, uri=tracking_uri)
        return shadow_of(registry, registry.version_by_alias(name, CANDIDATE), workspace, progress=progress)


def shadow_of(
    registry: Registry, version: ModelVersion, workspace: Workspace, *, progress: Progress = no_progress
) -> Shadow:
    """Make, write and log the shadow report of a candidate."""
    champion = registry.find_version(version.name, CHAMPION)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        bundle = registry.download_bundle(version, folder / CANDIDATE)
        spec, declared = load_spec(bundle / "declarations" / "model.toml"), read_declared(bundle)
        progress("shadow", 0, 3)
        matrix = latest_matrix(workspace, declared, spec)
        side = side_of(CANDIDATE, bundle, version.version, matrix, declared)
        mine = Candidate(version, bundle, spec, declared, side)
        progress("shadow", 1, 3)
        other, pair = _other(registry, workspace, champion, mine, folder)
        progress("shadow", 2, 3)
        two, rows = aligned(other, side)
        moves = moves_of(side.listing, two)
        report = _compared(mine, other, two, rows, moves, pair)
    reports = workspace.model_reports(spec.name)
    texts = {"shadow.json": report.to_json()}
    told = json.loads(texts["shadow.json"])
    for language in LANGUAGES:
        texts[f"shadow.{language}.txt"] = shadow_text(told, language)
        texts[f"shadow.{language}.html"] = shadow_page(
            told, language, other=f"shadow.{OTHER_LANGUAGE[language]}.html"
        )
    for file, text in texts.items():
        write_atomically(reports / file, text.encode("utf-8"))
    _write_privately(reports / "shadow_students.json", _students(side, moves))
    registry.add_texts(version, texts)
    progress("shadow", 3, 3)
    return Shadow(version, report, reports)


def _other(
    registry: Registry, workspace: Workspace, champion: ModelVersion | None, mine: Candidate, folder: Path
) -> tuple[Side | None, HeldOutPair]:
    """Return the other side: the champion, else the declared rules, else nobody."""
    if champion is None:
        rules = None
        if mine.spec.rules:
            rules = rules_side(mine.side.matrix, mine.spec, mine.declared, folder / "rules", mine.bundle)
        return rules, NO_CHAMPION
    bundle = registry.download_bundle(champion, folder / CHAMPION)
    theirs, spec = read_declared(bundle), load_spec(bundle / "declarations" / "model.toml")
    # Equal declarations read equal tables: one matrix serves both.
    is_same = theirs == mine.declared and spec.as_of == mine.spec.as_of
    matrix = mine.side.matrix if is_same else latest_matrix(workspace, theirs, spec)
    side = side_of(CHAMPION, bundle, champion.version, matrix, theirs)
    return side, held_out_pair(workspace, mine.spec.name, mine.version.version, bundle)


def _compared(
    mine: Candidate,
    other: Side | None,
    two: Listing | None,
    rows: Indexes,
    moves: tuple[Flags, Flags, Flags],
    pair: HeldOutPair,
) -> ShadowReport:
    one, matrix, spec = mine.side.listing, mine.side.matrix, mine.spec
    enters, leaves, stays = moves
    audited = [name for name in spec.audit.groups if name in matrix.groups.column_names]
    theirs = 0 if other is None else int(other.listing.listed.sum())
    return ShadowReport(
        network=mine.side.model.network,
        model=spec.name,
        as_of=str(matrix.rows["as_of"][0].as_py()),
        moment=str(matrix.rows["moment"][0].as_py()),
        n=len(matrix),
        candidate=side_sheet(one),
        other=None if other is None else side_sheet(other.listing),
        enters=int(enters.sum()),
        leaves=int(leaves.sum()),
        stays=int(stays.sum()),
        outside=theirs - int(leaves.sum()) - int(stays.sum()),
        share_staying=float(stays.sum() / theirs) if theirs else None,
        rank_correlation=None if two is None else rank_correlation(one, two),
        mean_risk_change=None if two is None else mean_risk_change(one, two),
        by_school=moves_by(words_of(matrix.rows["school_id"]), *moves),
        by_grade=moves_by(words_of(matrix.rows["grade"]), *moves),
        by_group={name: moves_by(words_of(matrix.groups[name]), *moves) for name in audited},
        entering=why(mine.side, other, rows, enters),
        leaving=why(mine.side, other, rows, leaves),
        held_out=pair,
        called=_called(mine),
    )


def _called(mine: Candidate) -> dict[str, dict[Language, dict[str, str]]]:
    """Return what the contract calls grades and audited groups."""
    contract = load_contract(mine.bundle / "declarations" / "contract.toml")
    names, network = group_names(contract), contract.network
    found = {
        column: {
            language: {
                "": names.columns.get(column, {}).get(language, column),
                **names.values.get(column, {}).get(language, {}),
            }
            for language in LANGUAGES
        }
        for column in mine.spec.audit.groups
    }
    if network.grade:
        labels = contract.columns_of(network.membership)[network.grade].labels
        found["grade"] = {language: dict(labels.get(language, {})) for language in LANGUAGES}
    return found


def _students(mine: Side, moves: tuple[Flags, Flags, Flags]) -> str:
    """Name who moves, by unit: for those who may open the workspace's own file."""
    enters, leaves, _ = moves
    named = {
        word: [mine.keys[row][0] for row in np.flatnonzero(mask).tolist()]
        for word, mask in (("enters", enters), ("leaves", leaves))
    }
    return json.dumps(named, ensure_ascii=False, indent=1) + "\n"


def _write_privately(path: Path, text: str) -> None:
    """Write a file that nobody but the workspace's owner may read."""
    path.unlink(missing_ok=True)
    with storage_errors(path), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as handle:
        handle.write(text.encode("utf-8"))

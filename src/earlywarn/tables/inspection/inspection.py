"""Look at unknown files and propose how to read them; what is unsure is said, never guessed in silence."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from earlywarn.domain import Language
from earlywarn.errors import ExtractError
from earlywarn.tables.contract import Contract
from earlywarn.tables.inspection.building import propose, propose_drafted
from earlywarn.tables.inspection.contract_text import contract_text
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.grouping import grouped
from earlywarn.tables.inspection.proposal import ExtractProposal, Proposal
from earlywarn.tables.inspection.sample import Sample
from earlywarn.tables.inspection.sampling import sample_file
from earlywarn.tables.inspection.skeleton import Draft, draft_of
from earlywarn.tables.inspection.writing import extracts_text


@dataclass(frozen=True)
class Inspection:
    """What a look at some files gave; `draft` is there where no contract was."""

    proposal: Proposal
    draft: Draft | None = None

    def extracts_toml(self, language: Language) -> str:
        """Return the proposed `extracts.toml`."""
        return extracts_text(self.proposal, language)

    def contract_toml(self, language: Language) -> str | None:
        """Return the proposed `contract.toml`, or None where the network has one."""
        return None if self.draft is None else contract_text(self.draft, language)

    def report(self, language: Language) -> str:
        """Return what was found and what is unsure, file by file."""
        return "\n".join(_report(self.proposal, language))


def inspect_files(paths: Sequence[Path], contract: Contract | None = None) -> Inspection:
    """Look at files, at most some megabytes of each, and propose their extracts.

    Args:
        paths: The files.
        contract: The network's contract; without one, a first contract is drafted too.

    Raises:
        ExtractError: No file is of a known kind and can be read.
    """
    samples, refusals = _samples(paths)
    if not samples:
        raise ExtractError("no file can be looked at: " + "; ".join(map(str, refusals)))
    unread = tuple((refusal.where, Doubt("not_read", what=refusal.what)) for refusal in refusals)
    groups = grouped(samples)
    if contract is not None:
        proposal, draft = propose(groups, contract), None
    else:
        draft = draft_of(groups)
        drafted = Contract.model_validate(tomllib.loads(contract_text(draft, "en")))
        proposal = propose_drafted(draft, drafted)
    return Inspection(replace(proposal, unmatched=(*proposal.unmatched, *unread)), draft)


def _samples(paths: Sequence[Path]) -> tuple[list[Sample], list[ExtractError]]:
    """Return the samples of the files that can be read, and why the others cannot."""
    samples: list[Sample] = []
    refusals: list[ExtractError] = []
    for path in paths:
        try:
            samples += sample_file(path)
        except ExtractError as refusal:
            refusals.append(refusal)
    return samples, refusals


def _report(proposal: Proposal, language: Language) -> Iterator[str]:
    mark = "\u00a0: " if language == "fr" else ": "
    for extract in proposal.extracts:
        said = list(_doubts(extract))
        counts = (len(extract.columns), len(extract.columns) + len(extract.ignored), len(said))
        words = {
            "fr": "{} → {}\u00a0: {} colonnes sur {}, {} à vérifier",
            "en": "{} → {}: {} of {} columns, {} unsure",
        }
        yield words[language].format(extract.file, extract.table, *counts)
        for where, doubt in said:
            yield f"  {where + mark if where else ''}{doubt.sentence(language)}"
    for file, doubt in proposal.unmatched:
        yield f"{file}{mark}{doubt.sentence(language)}"


def _doubts(extract: ExtractProposal) -> Iterator[tuple[str, Doubt]]:
    """Yield everything unsure about an extract, and the file's column it is about."""
    if extract.missing:
        yield "", Doubt("missing_columns", columns=", ".join(extract.missing))
    for doubt in extract.doubts:
        yield "", doubt
    for column in extract.columns:
        for doubt in column.doubts:
            yield column.header, doubt
        for code in column.codes:
            if code.doubt is not None:
                yield f"{column.header} = {code.code}", code.doubt
    for ignored in extract.ignored:
        if not ignored.doubt.is_note:
            yield ignored.header, ignored.doubt

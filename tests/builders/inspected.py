"""Compare what an inspection proposes with the mapping that people made of the same files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from earlywarn.domain import Language
from earlywarn.tables import Contract, Extract, Extracts, load_contract, load_extracts
from earlywarn.tables.inspection import Inspection

Verdicts = Counter[str]


def declared(
    home: Path, inspection: Inspection, contract: str | None = None, language: Language = "en"
) -> Path:
    """Write a network's folder with the proposed mapping, and the given or the drafted contract."""
    folder = home / "network"
    folder.mkdir(parents=True, exist_ok=True)
    text = contract if contract is not None else inspection.contract_toml(language)
    (folder / "contract.toml").write_text(str(text), encoding="utf-8")
    (folder / "extracts.toml").write_text(inspection.extracts_toml(language), encoding="utf-8")
    return folder


def loaded(folder: Path) -> tuple[Contract, Extracts]:
    """Load a network's folder, as every verb does."""
    contract = load_contract(folder / "contract.toml")
    return contract, load_extracts(folder / "extracts.toml", contract)


def verdicts(inspection: Inspection, extracts: Extracts, truth: Extracts) -> Verdicts:
    """Count, over the columns and rules that people declared, what was proposed: right, wrong or missing.

    What was marked unsure is counted apart, so that "wrong" is what a clerk would not have been warned of.
    """
    unsure = set(_unsure(inspection))
    found: Verdicts = Counter()
    for wanted in truth.extract:
        given = _same(wanted, extracts)
        for name, source in wanted.columns.items():
            if given is None or name not in given.columns:
                found["missing"] += 1
                continue
            same = _rule(given, name) == _rule(wanted, name)
            is_unsure = (given.file, str(source.from_)) in unsure
            found[("right" if same else "wrong") + (", unsure" if is_unsure else "")] += 1
        found["invented"] += len(given.columns.keys() - wanted.columns.keys()) if given else 0
    return found


def _rule(extract: Extract, name: str) -> tuple[object, ...]:
    rule = extract.rule(name)
    return (rule.from_, rule.format, rule.decimal, dict(rule.codes), extract.encoding, extract.separator)


def _same(wanted: Extract, extracts: Extracts) -> Extract | None:
    same = (e for e in extracts.extract if e.table == wanted.table and _meets(e.file, wanted.file))
    return next(same, None)


def _meets(one: str, other: str) -> bool:
    return one == other or fnmatchcase(one, other) or fnmatchcase(other, one)


def _unsure(inspection: Inspection) -> Iterator[tuple[str, str]]:
    for extract in inspection.proposal.extracts:
        for column in extract.columns:
            if column.doubts or any(code.doubt for code in column.codes):
                yield extract.file, column.header

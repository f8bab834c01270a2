"""Find the contract's table and columns that a file's columns are most likely to give.

Names decide; kinds can only forbid. A match is sure where the file's word is a known one, its cells fit the
declared type, and no other column has as good a claim; everything else is marked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from earlywarn.tables.contract import Column, Contract, Table
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.identities import PERMANENT_CODE
from earlywarn.tables.inspection.names import SAME, column_names, likeness, table_names, value_names
from earlywarn.tables.inspection.profile import Profile
from earlywarn.tables.inspection.words import plain

_LEAST, _NEAR = 0.6, 0.1
_MATCHES, _SHARE = 2, 0.15
_BY_CONTENT = 0.9
_FILE_NAME, _MISSING = 0.5, 0.2
_FITS: dict[str, frozenset[str]] = {
    "id": frozenset(("id", "integer", "category", "text", "boolean")),
    "category": frozenset(("id", "integer", "category", "text", "boolean")),
    "text": frozenset(("id", "integer", "number", "category", "text", "boolean")),
    "integer": frozenset(("id", "integer")),
    "number": frozenset(("id", "integer", "number")),
    "date": frozenset(("date",)),
    "day_offset": frozenset(("integer",)),
    "identity": frozenset(("id", "integer", "date", "category", "text")),
}


@dataclass(frozen=True)
class Match:
    """One file's column and the contract's column that it is likely to give."""

    header: str
    column: str
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class TableMatch:
    """The table a file is likely to give rows to; `missing` are required columns that no column gives."""

    table: str
    matches: tuple[Match, ...]
    missing: tuple[str, ...]
    score: float
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class _Claim:
    score: float
    profile: Profile
    column: str


def match_table(stem: str, profiles: Sequence[Profile], contract: Contract) -> TableMatch | None:
    """Return the most likely table of a file, or None where none has more than a chance likeness."""
    found = [
        _matched(stem, profiles, contract, name)
        for name, table in contract.tables.items()
        if table.is_read and table.columns
    ]
    likely = [match for match in found if len(match.matches) >= max(_MATCHES, _SHARE * len(profiles))]
    ranked = sorted(likely, key=lambda match: match.score, reverse=True)
    if not ranked:
        return None
    best = ranked[0]
    doubts = []
    if near := [match.table for match in ranked[1:] if match.score > best.score - _NEAR]:
        doubts.append(Doubt("tables_alike", chosen=best.table, others=", ".join(near)))
    if 2 * len(best.matches) < len(profiles):
        doubts.append(Doubt("few_columns", n=str(len(best.matches)), of=str(len(profiles))))
    return replace(best, doubts=tuple(doubts))


def _matched(stem: str, profiles: Sequence[Profile], contract: Contract, name: str) -> TableMatch:
    table = contract.tables[name]
    claims = sorted(_claims(profiles, contract, name), key=lambda claim: claim.score, reverse=True)
    chosen: dict[str, _Claim] = {}
    for claim in claims:
        is_free = claim.column not in {taken.column for taken in chosen.values()}
        if is_free and claim.profile.header not in chosen:
            chosen[claim.profile.header] = claim
    matches = tuple(
        Match(claim.profile.header, claim.column, tuple(_match_doubts(claim, claims, table)))
        for claim in (chosen[p.header] for p in profiles if p.header in chosen)
    )
    missing = tuple(sorted(_required(table) - {match.column for match in matches}))
    likely = likeness(plain(stem), table_names(name))
    share = sum(claim.score for claim in chosen.values()) / max(1, len(profiles))
    score = share + _FILE_NAME * likely - _MISSING * len(missing)
    return TableMatch(name, matches, missing, score)


def _claims(profiles: Sequence[Profile], contract: Contract, name: str) -> Iterator[_Claim]:
    table = contract.tables[name]
    for column_name, column in table.columns.items():
        if not column.is_given:
            continue
        names = column_names(contract, name, column_name)
        for profile in profiles:
            score = likeness(plain(profile.header), names)
            if profile.identity == PERMANENT_CODE and column_name == contract.network.student:
                score = max(score, _BY_CONTENT)
            score -= _code_distance(profile, column)
            if score >= _LEAST and _fits(profile, column):
                yield _Claim(score, profile, column_name)


def _fits(profile: Profile, column: Column) -> bool:
    if profile.kind == "empty":
        return True
    if column.type == "boolean":
        return profile.truth is not None
    return profile.kind in _FITS[column.type]


def _code_distance(profile: Profile, column: Column) -> float:
    """Return what a column loses where the contract lists its values and none of the file's codes is one."""
    if column.allowed is None or not profile.codes:
        return 0.0
    known = {name for value in column.allowed for name in value_names(value, column)}
    return 0.0 if any(plain(code) in known for code in profile.codes) else _NEAR


def _match_doubts(claim: _Claim, claims: Sequence[_Claim], table: Table) -> Iterator[Doubt]:
    header, column = claim.profile.header, claim.column
    if claim.profile.kind == "empty":
        yield Doubt("empty_column", column=column)
    if claim.score < SAME:
        yield Doubt("likely_column", column=column)
    rivals = [
        other.column if other.profile.header == header else other.profile.header
        for other in claims
        if (other.profile.header == header) != (other.column == column) and other.score > claim.score - _NEAR
    ]
    if rivals:
        yield Doubt("columns_alike", column=column, others=", ".join(f"'{rival}'" for rival in rivals[:3]))
    if _is_past_limits(claim.profile, table.columns[column]):
        yield Doubt("past_limits", column=column)


def _is_past_limits(profile: Profile, column: Column) -> bool:
    """Say whether usual values break the declared limits: hours for days, a share for a percentage."""
    if column.type not in ("integer", "number") or not profile.numbers.share:
        return False
    is_low = isinstance(column.min, Decimal) and profile.numbers.low < column.min
    return is_low or (isinstance(column.max, Decimal) and profile.numbers.high > column.max)


def _required(table: Table) -> set[str]:
    return {
        name
        for name, column in table.columns.items()
        if column.is_given
        and column.default is None
        and (column.required or name in table.key_columns or name == table.known_on)
    }

"""Turn matched columns into extracts: what is read as what, by which rules, and what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from earlywarn.tables.contract import ROW_NUMBER, Column, Contract
from earlywarn.tables.inspection.codes import codes_of
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.grouping import Group
from earlywarn.tables.inspection.matching import Match, match_table
from earlywarn.tables.inspection.profile import Profile, profiles_of
from earlywarn.tables.inspection.proposal import (
    ColumnProposal,
    ExtractProposal,
    Ignored,
    Proposal,
    Value,
)
from earlywarn.tables.inspection.skeleton import Draft

_SHARED = ("encoding", "separator", "decimal")
_USUAL_FORMATS = ("%Y-%m-%d",)


def propose(groups: Sequence[Group], contract: Contract) -> Proposal:
    """Return the extracts that give a contract's tables the files' rows."""
    extracts: list[ExtractProposal] = []
    unmatched: list[tuple[str, Doubt]] = []
    for group in groups:
        profiles = [profile for profile in profiles_of(group.sample) if _is_single(profile.header, group)]
        found = match_table(group.stem, profiles, contract)
        if found is None:
            unmatched.append((group.file, Doubt("no_table")))
            continue
        columns = contract.tables[found.table].columns
        by_header = {profile.header: profile for profile in profiles}
        given = [(by_header[match.header], columns[match.column], match) for match in found.matches]
        extract = _extract_of(group, found.table, given)
        missing = found.missing
        if len(missing) == 1 and columns[missing[0]].type == "id" and missing[0] in contract.network.unit:
            counted = ColumnProposal(missing[0], ROW_NUMBER, doubts=(Doubt("row_number"),))
            extract, missing = replace(extract, columns=(counted, *extract.columns)), ()
        doubts = (*extract.doubts, *found.doubts)
        extracts.append(replace(extract, missing=missing, doubts=doubts))
    return _with_defaults(extracts, unmatched)


def propose_drafted(draft: Draft, contract: Contract) -> Proposal:
    """Return the extracts that give a drafted contract's tables the rows of the files it was drafted for."""
    extracts = []
    for table in draft.tables:
        declared = contract.tables[table.name].columns
        given = [
            (column.profile, declared[name], Match(column.profile.header, name))
            for name, column in table.columns.items()
            if column.profile is not None
        ]
        counted = tuple(
            ColumnProposal(name, ROW_NUMBER, doubts=column.doubts)
            for name, column in table.columns.items()
            if column.header == ROW_NUMBER
        )
        extract = _extract_of(table.group, table.name, given)
        extracts.append(replace(extract, columns=(*counted, *extract.columns)))
    return _with_defaults(extracts, ())


def _extract_of(group: Group, table: str, given: Sequence[tuple[Profile, Column, Match]]) -> ExtractProposal:
    """Return a group's extract, given which of its columns give which of the table's."""
    reading: dict[str, Value] = dict(group.sample.reading)
    formats = _most_common(p.dates.formats for p, c, _ in given if _is_dated(p, c)) or _USUAL_FORMATS
    decimal = _most_common((p.numbers.decimal,) for p, c, _ in given if _has_marks(p, c))
    reading["date_format"] = formats if len(formats) > 1 else formats[0]
    if decimal is not None:
        reading["decimal"] = str(decimal[0])
    elif reading.get("format") == "parquet":
        # Its numbers are written with a point, whatever the other files do.
        reading["decimal"] = "."
    columns = tuple(_column(profile, column, match, reading) for profile, column, match in given)
    taken = {profile.header for profile, _, _ in given}
    return ExtractProposal(
        table=table,
        file=group.file,
        reading=reading,
        columns=columns,
        ignored=tuple(_ignored(group, taken)),
        doubts=group.sample.doubts,
    )


def _with_defaults(extracts: Sequence[ExtractProposal], unmatched: Sequence[tuple[str, Doubt]]) -> Proposal:
    """Return the proposal with what most extracts share written once."""
    defaults: dict[str, Value] = {}
    for key in _SHARED:
        values = Counter(extract.reading[key] for extract in extracts if key in extract.reading)
        if values and values.total() > 1:
            defaults[key] = values.most_common(1)[0][0]
    return Proposal(tuple(extracts), defaults, tuple(unmatched))


def _is_single(header: str, group: Group) -> bool:
    return group.sample.header.count(header) == 1


def _is_dated(profile: Profile, column: Column) -> bool:
    return column.type == "date" and bool(profile.dates.formats)


def _has_marks(profile: Profile, column: Column) -> bool:
    return column.type in ("number", "integer") and profile.numbers.decimal is not None


def _most_common(found: Iterable[tuple[str | None, ...]]) -> tuple[str, ...] | None:
    counts = Counter(found)
    return tuple(map(str, counts.most_common(1)[0][0])) if counts else None


def _column(profile: Profile, column: Column, match: Match, reading: Mapping[str, Value]) -> ColumnProposal:
    """Return one column with the rules that are its own."""
    rules: dict[str, Value] = {}
    doubts = [*match.doubts]
    if _is_dated(profile, column):
        formats = profile.dates.formats if len(profile.dates.formats) > 1 else profile.dates.formats[0]
        if formats != reading["date_format"]:
            rules["format"] = formats
        doubts += profile.doubts
    if _has_marks(profile, column) or profile.numbers.thousands:
        if profile.numbers.decimal not in (None, reading.get("decimal")):
            rules["decimal"] = str(profile.numbers.decimal)
        if profile.numbers.thousands and column.type == "number":
            rules["thousands"] = profile.numbers.thousands
    if column.type == "number":
        doubts += profile.doubts
        if profile.numbers.is_rounded:
            rules["round"] = True
    if profile.missing and column.type in ("number", "integer", "date", "day_offset"):
        rules["missing"] = ("", *profile.missing)
        doubts.append(Doubt("missing_tokens", tokens=", ".join(profile.missing)))
    codes = codes_of(profile, column)
    n_others = profile.n_different - len(codes)
    if codes and column.allowed is not None and n_others:
        doubts.append(Doubt("texts_not_shown", n=str(n_others)))
    return ColumnProposal(match.column, match.header, rules, codes, tuple(dict.fromkeys(doubts)))


def _ignored(group: Group, taken: set[str]) -> list[Ignored]:
    """Return the columns that are left out, each with why."""
    profiles = {profile.header: profile for profile in profiles_of(group.sample)}
    found = []
    for header, profile in profiles.items():
        if header in taken:
            continue
        if not _is_single(header, group):
            found.append(Ignored(header, Doubt("repeated_column")))
        elif profile.identity is not None:
            code = "identity_left_out" if profile.is_borne_out else "identity_likely"
            found.append(Ignored(header, Doubt(code, kind=profile.identity)))
        else:
            found.append(Ignored(header, Doubt("no_column")))
    return found

"""Compare what one table's files are like with the last ones: their headers, then their rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from earlywarn.errors import HeaderError
from earlywarn.tables.drift.finding import Finding
from earlywarn.tables.drift.findings import findings_of
from earlywarn.tables.drift.headers import GivenHeader, header_findings, known_names
from earlywarn.tables.drift.measuring import FileSet, profile_of
from earlywarn.tables.drift.profile import Codes, ColumnProfile, Header, Profile, past_of

if TYPE_CHECKING:
    from earlywarn.tables.contract import Contract
    from earlywarn.tables.extracts import Extract, Extracts

_MAX_SEEN = 1_000


@dataclass(frozen=True)
class Drift:
    """What the files of one table are like, and what of it differs from the last ones."""

    profiles: tuple[Profile, ...]
    findings: tuple[Finding, ...]


def drift_of(
    contract: Contract,
    name: str,
    given: Sequence[FileSet],
    *,
    previous: Sequence[Profile],
    received_on: date,
    backfill: bool,
    accepted: Collection[str] = (),
) -> Drift:
    """Compare what each extract of a table gave with earlier intakes.

    Args:
        contract: The network's contract.
        name: The table.
        given: The files that were read and measured, by extract.
        previous: The table's earlier profiles, the latest first.
        received_on: The day the files were received.
        backfill: Whether they are history.
        accepted: The names of changes that may pass.
    """
    profiles: list[Profile] = []
    findings: list[Finding] = []
    for files in given:
        profile = profile_of(contract, name, files, received_on=received_on, backfill=backfill)
        past = past_of(profile, tuple(previous))
        headers = [
            found
            for header in {header.cells: header for header in reversed(files.headers)}.values()
            for found in header_findings(
                name, contract.tables[name], files.extract, header, _before(header, files.extract, past)
            )
        ]
        found = findings_of(profile, previous, files.extract.drift, accepted=accepted, headers=headers)
        findings += found
        profiles.append(_remembering(profile, found, past))
    return Drift(tuple(profiles), tuple(findings))


def header_stops(
    error: HeaderError, contract: Contract, extracts: Extracts, name: str, previous: Sequence[Profile]
) -> list[Finding]:
    """Return what differs in a header that was refused, where such files were read before; else nothing."""
    for extract, key in extracts_of(extracts, name):
        past = tuple(one for one in previous if one.extract == key and one.n_read)
        if extract.file == error.pattern and past:
            header = GivenHeader(error.where, error.header)
            found = header_findings(
                name, contract.tables[name], extract, header, _before(header, extract, past)
            )
            if any(one.level == "stop" for one in found):
                return found
    return []


def extracts_of(extracts: Extracts, table: str) -> list[tuple[Extract, str]]:
    """Return a table's extracts, each with the name its profiles are kept under: its pattern, told apart."""
    times: dict[str, int] = {}
    found = []
    for extract in extracts.extract:
        if extract.table == table:
            times[extract.file] = times.get(extract.file, 0) + 1
            n = times[extract.file]
            found.append((extract, extract.file if n == 1 else f"{extract.file}#{n}"))
    return found


def _before(header: GivenHeader, extract: Extract, past: Sequence[Profile]) -> Header | None:
    """Return the last header to compare with: the same one, if any of the last files had it."""
    if not past or not past[0].headers:
        return None
    known = known_names(header.cells, extract)
    return known if known in past[0].headers else past[0].headers[0]


def _remembering(profile: Profile, found: Sequence[Finding], past: Sequence[Profile]) -> Profile:
    """Return the profile with the changes that were accepted, and with all codes seen so far."""
    accepted = tuple(sorted({one.name for one in found if "accepted_on" in dict(one.figures)}))
    columns = {name: _with_seen(column, name, past) for name, column in profile.columns.items()}
    return profile.model_copy(update={"accepted": accepted, "columns": columns})


def _with_seen(column: ColumnProfile, name: str, past: Sequence[Profile]) -> ColumnProfile:
    last = next((c.codes for one in past if (c := one.columns.get(name)) and c.codes), None)
    codes = column.codes
    if codes is None:
        # A time without the column must not forget what was seen before it.
        return column if last is None else column.model_copy(update={"codes": _none_of(last)})
    before = last.seen if last is not None and last.declared == codes.declared else {}
    return column.model_copy(update={"codes": codes.model_copy(update={"seen": _sum(before, codes.counts)})})


def _none_of(last: Codes) -> Codes:
    return last.model_copy(update={"counts": {}, "n_counted": 0, "n_codes": 0})


def _sum(before: Mapping[str, int], here: Mapping[str, int]) -> dict[str, int]:
    codes = sorted({*before, *here})
    if len(codes) > _MAX_SEEN:
        return {}
    return {code: before.get(code, 0) + here.get(code, 0) for code in codes}

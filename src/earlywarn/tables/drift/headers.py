"""Compare a file's columns with those that the mapping names, and with those of the last file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from earlywarn.tables.drift.finding import Figures, Finding, raised
from earlywarn.tables.drift.profile import Header
from earlywarn.tables.titles import shown_title

if TYPE_CHECKING:
    from earlywarn.tables.contract import Table
    from earlywarn.tables.extracts import Extract


@dataclass(frozen=True)
class GivenHeader:
    """The columns of one file as given, in order, and the name that reports show for the file."""

    file: str
    cells: tuple[str, ...]


def known_names(header: Sequence[str], extract: Extract) -> Header:
    """Return a header in which only names that the mapping mentions are left.

    A file without a header would show its first row, which is somebody's.
    """
    known = {*extract.needed, *extract.ignore, ""}
    return tuple(cell if cell in known else None for cell in header)


def header_findings(
    name: str, table: Table, extract: Extract, given: GivenHeader, before: Header | None
) -> list[Finding]:
    """Return what differs between a file's columns, the mapping, and the last file of the same extract.

    Args:
        name: The table.
        table: Its declaration.
        extract: The mapping of the files.
        given: The file's columns.
        before: The columns of the last file; None where this is the first.
    """
    missing = [source for source in extract.needed if source not in given.cells]
    at = (("file", given.file), ("extract", extract.file))
    awaited = [source for source in extract.needed if not extract.may_lack(source)] or extract.needed
    if len([source for source in awaited if source in missing]) * 2 > len(awaited):
        return [Finding(name, "", "dropped", "stop", (*at, ("case", "no_header"), ("n", str(len(missing)))))]
    unknown = _unknown(given, extract)
    stands_for = _candidates(missing, unknown, given, extract, before)
    found = list(_gone(name, table, extract, missing, stands_for, given, before, at))
    found += _added(
        name, extract, [cell for cell in unknown if cell not in stands_for.values()], given, before, at
    )
    if before is not None and _order(given.cells, before) != _order(before, given.cells):
        found += raised(name, "", "reordered", extract.drift.reordered.level, at)
    return found


def _unknown(given: GivenHeader, extract: Extract) -> list[str]:
    known = {*extract.needed, *extract.ignore, ""}
    return [cell for cell in dict.fromkeys(given.cells) if cell not in known]


def _candidates(
    missing: Sequence[str],
    unknown: Sequence[str],
    given: GivenHeader,
    extract: Extract,
    before: Header | None,
) -> dict[str, str]:
    """Return the new column that each missing one seems to be now: by a near name, else by its place."""
    likeness = {
        (source, cell): SequenceMatcher(None, _plain(source), _plain(cell)).ratio()
        for source in missing
        for cell in unknown
    }
    found: dict[str, str] = {}
    for (source, cell), ratio in sorted(likeness.items(), key=lambda item: (-item[1], item[0])):
        least = min(extract.drift.of(name).renamed.likeness for name in _fed_by(source, extract))
        if ratio >= least and source not in found and cell not in found.values():
            found[source] = cell
    # Where all other columns are ignored, any of them may stand in a place.
    if before is not None and "*" not in extract.ignore:
        for source in missing:
            place = before.index(source) if source in before else len(given.cells)
            cell = given.cells[place] if place < len(given.cells) else ""
            if source not in found and cell in unknown and cell not in found.values():
                found[source] = cell
    return found


def _plain(name: str) -> str:
    """Return a name without accents, case and marks.

    >>> _plain("Durée (jours)")
    'dureejours'
    """
    split = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in split if char.isalnum())


def _fed_by(source: str, extract: Extract) -> list[str]:
    return [name for name, rule in extract.columns.items() if rule.from_ == source]


def _gone(
    name: str,
    table: Table,
    extract: Extract,
    missing: Sequence[str],
    stands_for: dict[str, str],
    given: GivenHeader,
    before: Header | None,
    at: Figures,
) -> Iterator[Finding]:
    for source in missing:
        for column in _fed_by(source, extract):
            rules = extract.drift.of(column)
            figures = (*at, ("source", source), ("required", _yes(needs_values(table, column))))
            if source in stands_for and rules.renamed.level != "off":
                cell = stands_for[source]
                shown = shown_title(cell, extract.needed)
                named = (("candidate", shown), ("place", str(given.cells.index(cell) + 1)))
                yield from raised(name, column, "renamed", rules.renamed.level, (*figures, *named))
            elif not extract.may_lack(source):
                case = () if needs_values(table, column) else (("case", "unneeded"),)
                yield from raised(name, column, "dropped", rules.dropped.level, (*figures, *case))
            elif before is not None and source in before:
                gone = (*figures, ("case", "optional"))
                yield from raised(name, column, "dropped", rules.dropped.level, gone, small=True)


def needs_values(table: Table, column: str) -> bool:
    """Say whether no row can be accepted without a value of the column."""
    declared = table.columns[column]
    needed = declared.required or column in table.key_columns or column == table.known_on
    return needed and declared.default is None


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _added(
    name: str,
    extract: Extract,
    extra: Sequence[str],
    given: GivenHeader,
    before: Header | None,
    at: Figures,
) -> list[Finding]:
    if not extra or "*" in extract.ignore:
        return []
    if before is not None and before.count(None) >= len(extra) and extract.drift.added.level != "stop":
        return []
    places = ", ".join(str(given.cells.index(cell) + 1) for cell in extra)
    names = " ; ".join(shown_title(cell, (*extract.needed, *extract.ignore)) for cell in extra)
    figures = (*at, ("n", str(len(extra))), ("places", places), ("names", names))
    return raised(name, "", "added", extract.drift.added.level, figures)


def _order(cells: Sequence[str | None], others: Sequence[str | None]) -> list[str]:
    return [cell for cell in cells if cell is not None and cell in others]

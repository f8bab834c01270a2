"""Follow a dotted path from a file to a column, over the references between files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from earlywarn.tables.oneroster.files import ID, Reference, Standard
from earlywarn.tables.oneroster.mapping import RosterTable


class PathError(ValueError):
    """A path that leads nowhere, or to a column that is never read."""


@dataclass(frozen=True)
class Step:
    """One reference followed: `place` is the path so far, `source` where it starts; "" is the file."""

    place: str
    source: str
    source_file: str
    reference: Reference


@dataclass(frozen=True)
class Followed:
    """A path with the references it follows and the column it ends at."""

    steps: tuple[Step, ...]
    file: str
    column: str

    @property
    def place(self) -> str:
        """Return where the column stands: the last reference's path, "" for the file itself."""
        return self.steps[-1].place if self.steps else ""


def followed(known: Standard, file: str, path: str) -> Followed:
    """Return where a path leads.

    Raises:
        PathError: It leads nowhere, or to a column that is never read.
    """
    *words, column = path.split(".")
    steps: list[Step] = []
    at, place = file, ""
    for word in words:
        reference = known.files[at].references.get(word)
        if reference is None:
            raise PathError(f"'{path}': {at}.csv has no reference '{word}'")
        source, place = place, f"{place}.{word}" if place else word
        steps.append(Step(place, source, at, reference))
        at = reference.file
    if column in known.files[at].never:
        raise PathError(f"'{path}': {at}.csv's column '{column}' is never read")
    if not known.has(at, column):
        raise PathError(f"'{path}': {at}.csv has no column '{column}'")
    return Followed(tuple(steps), at, column)


def columns_read(known: Standard, tables: Iterable[RosterTable]) -> dict[str, tuple[str, ...]]:
    """Return the columns of each file that a mapping reads, in the order of the specification."""
    wanted: dict[str, set[str]] = {}
    for table in tables:
        wanted.setdefault(table.file, set())
        for path in table.paths:
            found = followed(known, table.file, path)
            for step in found.steps:
                wanted.setdefault(step.source_file, set()).add(step.reference.column)
                wanted.setdefault(step.reference.file, set())
            wanted.setdefault(found.file, set()).add(found.column)
    for file in list(wanted):
        for computed in known.computed_of(file):
            if computed.column in wanted[file]:
                for other, columns in computed.reads.items():
                    wanted.setdefault(other, set()).update(columns)
    if any(known.files[file].names for file in wanted):
        wanted.setdefault("roles", set()).update(("userSourcedId", "role"))
    return {
        file: tuple(c for c in shape.columns if c in wanted[file] and c != ID)
        for file, shape in known.files.items()
        if file in wanted
    }


def computed_read(known: Standard, tables: Iterable[RosterTable]) -> dict[str, tuple[str, ...]]:
    """Return the computed columns of each file that a mapping reads."""
    paths = [followed(known, table.file, path) for table in tables for path in table.paths]
    used = {(path.file, path.column) for path in paths}
    used |= {(step.source_file, step.reference.column) for path in paths for step in path.steps}
    return {
        file: tuple(c.column for c in known.computed_of(file) if (file, c.column) in used)
        for file in known.files
    }

"""What the files of OneRoster hold, by version, and which columns are never read. Reads no export."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from earlywarn.declarations import Declared, load_declaration

Version = Literal["1.1", "1.2"]
START = ("sourcedId", "status", "dateLastModified")
ID = "sourcedId"


class Reference(Declared):
    """A column that names a row of a file."""

    column: str
    file: str
    optional: bool = False
    first: bool = False


class RosterFile(Declared):
    """One file: its columns in the order of the specification, after those that all files start with."""

    columns: tuple[str, ...]
    required: tuple[str, ...]
    never: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    references: Mapping[str, Reference] = Field(default_factory=dict)

    @property
    def header(self) -> tuple[str, ...]:
        """Return every column in the order of the specification."""
        return (*START, *self.columns)


class Computed(Declared):
    """A column that is computed from others: a SELECT that gives `sourcedId` and the column."""

    file: str
    column: str
    reads: Mapping[str, tuple[str, ...]]
    sql: str


class Earlier(Declared):
    """How a file of version 1.1 differs; `later` gives 1.2's name for a column, as key."""

    columns: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    later: Mapping[str, str] = Field(default_factory=dict)
    reads: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    sql: str = ""


class Standard(Declared):
    """Every file that a mapping may read, those never opened, and the computed columns."""

    unread: tuple[str, ...]
    files: Mapping[str, RosterFile]
    computed: tuple[Computed, ...]
    version_1_1: Mapping[str, Earlier]

    def names(self) -> tuple[str, ...]:
        """Return every file name of the standard."""
        return (*self.files, *self.unread)

    def as_written(self, file: str, version: Version) -> RosterFile | None:
        """Return a file as a version writes it; None where the version has no such file."""
        shape, earlier = self.files[file], self.version_1_1.get(file)
        if version == "1.2" or earlier is None:
            return shape
        if earlier.sql:
            return None
        return shape.model_copy(update={"columns": earlier.columns, "required": earlier.required})

    def written_name(self, file: str, column: str, version: Version) -> str:
        """Return the name that a version's header has for a column."""
        earlier = self.version_1_1.get(file)
        return earlier.later.get(column, column) if version == "1.1" and earlier else column

    def computed_of(self, file: str) -> tuple[Computed, ...]:
        """Return the columns computed for a file's rows."""
        return tuple(one for one in self.computed if one.file == file)

    def has(self, file: str, column: str) -> bool:
        """Say whether a file has a column, written or computed."""
        return column in self.files[file].header or column in {c.column for c in self.computed_of(file)}


@cache
def standard() -> Standard:
    """Return what the package knows of OneRoster."""
    return load_declaration(Path(__file__).with_name("files.toml"), Standard)

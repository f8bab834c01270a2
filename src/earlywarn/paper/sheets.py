"""What a page says, in one reader's words and ready to be laid out: no lookup, no arithmetic in a template.

Every field is text, a number of percent, or a list of such; a sheet goes into JSON and comes back the same.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict, dataclass
from typing import Any, Literal

Tone = Literal["good", "calm", "faint", "warn"]
Mark = Literal["", "good", "warn", "unknown"]


@dataclass(frozen=True)
class Slice:
    """One part of a bar; `width` is its percent of the whole."""

    tone: Tone
    start: float
    width: float


@dataclass(frozen=True)
class Bar:
    """How a whole falls into parts."""

    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class Strip:
    """Where one value lies beside the usual ones, in percent of a scale that the whole column shares."""

    low: float
    middle: float
    high: float
    own: float | None


@dataclass(frozen=True)
class Cell:
    """One cell: its text, what marks it out (said in words too), and a drawing.

    A quiet one says nothing that a narrow screen would miss.
    """

    text: str
    mark: Mark = ""
    note: str = ""
    is_number: bool = True
    is_quiet: bool = False
    bar: Bar | None = None
    strip: Strip | None = None


@dataclass(frozen=True)
class Row:
    """One row of a table; its head may lead to a page of its own."""

    head: str
    cells: tuple[Cell, ...]
    note: str = ""
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption; the first column holds the rows' heads."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class Point:
    """One thing found, and what to do about it."""

    text: str
    todo: str
    mark: Mark = "warn"
    link: str = ""


@dataclass(frozen=True)
class Fact:
    """A word and what it stands for."""

    term: str
    text: str


@dataclass(frozen=True)
class Picture:
    """A drawing as SVG text, what it shows for whoever cannot see it, and its caption."""

    svg: str
    alt: str
    caption: str = ""

    @property
    def address(self) -> str:
        """Return an address that holds the drawing whole: as an image its names meet no other's."""
        return f"data:image/svg+xml;base64,{b64encode(self.svg.encode()).decode()}"


@dataclass(frozen=True)
class Section:
    """A part of a page with its heading; `anchor` names it within the page."""

    anchor: str
    title: str
    lead: str = ""
    facts: tuple[Fact, ...] = ()
    points: tuple[Point, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    paragraphs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """One page: a title, one sentence that says it all, what to do first, and the evidence by section."""

    title: str
    kicker: str
    lead: str
    facts: tuple[Fact, ...] = ()
    first_title: str = ""
    first: tuple[Point, ...] = ()
    nothing: str = ""
    sections: tuple[Section, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the sheet as plain lists and mappings, which the templates lay out as well."""
        return asdict(self)

"""Read what holds for all sheets of a workbook: their names, its calendar, formats and shared texts."""

from __future__ import annotations

import posixpath
import re
from array import array
from dataclasses import dataclass

from earlywarn.errors import ExtractError
from earlywarn.tables.reading.excel.formats import BUILT_IN, PLAIN, Shown, shown_as
from earlywarn.tables.reading.excel.markup import Attributes, main_elements, parsed, read_elements
from earlywarn.tables.reading.excel.package import Package, damaged

LONGEST_TEXT, MOST_PIECES = 32_767, 4_096
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ELEMENTS = main_elements("si", "t", "rPh")


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, its part of the file, and whether it is shown."""

    name: str
    part: str
    is_hidden: bool


class SharedTexts:
    """The texts that cells point to, held as one run of bytes so that a million of them stay small."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        """Return how many texts there are."""
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> str:
        """Return a text."""
        return self._bytes[self._ends[index] : self._ends[index + 1]].decode()

    def add(self, text: str) -> None:
        """Add a text."""
        self._bytes += text.encode()
        self._ends.append(len(self._bytes))


@dataclass(frozen=True)
class Book:
    """What holds for every sheet; `is_stale` says that formulas wait to be computed on opening."""

    name: str
    sheets: tuple[Sheet, ...]
    from_1904: bool
    is_stale: bool
    formats: tuple[Shown, ...]
    texts: SharedTexts


def read_book(package: Package) -> Book:
    """Read a workbook's common parts.

    Raises:
        ExtractError: The workbook is damaged.
    """
    root = next(iter(_related(package, "", "_rels/.rels", "officeDocument").values()), "xl/workbook.xml")
    folder = posixpath.dirname(root)
    relations = f"{folder}/_rels/{posixpath.basename(root)}.rels"
    parts = _related(package, folder, relations, "worksheet")
    texts = next(iter(_related(package, folder, relations, "sharedStrings").values()), None)
    styles = next(iter(_related(package, folder, relations, "styles").values()), None)
    elements = read_elements(package.open(root), package.name)
    return Book(
        name=package.name,
        sheets=tuple(
            Sheet(given.get("name", ""), parts[_relation(given)], given.get("state", "visible") != "visible")
            for element, given in elements
            if element == "sheet" and _relation(given) in parts
        ),
        from_1904=_is_on(elements, "workbookPr", "date1904"),
        is_stale=_is_on(elements, "calcPr", "fullCalcOnLoad"),
        formats=_formats(package, styles),
        texts=_texts(package, texts),
    )


def unescaped(text: str) -> str:
    r"""Return a text with its control characters, which XML cannot hold, as characters again.

    >>> unescaped("two_x000D_lines"), unescaped("_x005F_x000D_")
    ('two\rlines', '_x000D_')
    """
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _relation(given: Attributes) -> str:
    return next((value for name, value in given.items() if name.endswith("/relationships id")), "")


def _is_on(elements: list[tuple[str, Attributes]], element: str, attribute: str) -> bool:
    return any(name == element and given.get(attribute) in ("1", "true") for name, given in elements)


def _related(package: Package, folder: str, part: str, kind: str) -> dict[str, str]:
    """Return the parts of one kind that a part's list of relations names, by relation."""
    if part not in package:
        return {}
    return {
        given.get("Id", ""): posixpath.normpath(posixpath.join("/", folder, given.get("Target", "")))[1:]
        for element, given in read_elements(package.open(part), package.name)
        if element == "Relationship"
        and given.get("Type", "").endswith(f"/{kind}")
        and given.get("TargetMode") != "External"
    }


def _formats(package: Package, part: str | None) -> tuple[Shown, ...]:
    """Return how each style that a cell may name shows a number."""
    if part is None or part not in package:
        return (PLAIN,)
    codes: dict[str, str] = {str(number): code for number, code in BUILT_IN.items()}
    shown: list[Shown] = []
    in_cells = False
    for element, given in read_elements(package.open(part), package.name):
        if element == "numFmt":
            codes[given.get("numFmtId", "")] = given.get("formatCode", "")
        elif element in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            in_cells = element == "cellXfs"
        elif element == "xf" and in_cells:
            shown.append(shown_as(codes.get(given.get("numFmtId", "0"), "")))
    return tuple(shown) or (PLAIN,)


def _texts(package: Package, part: str | None) -> SharedTexts:
    """Read the shared texts; the parts of a text in several fonts are joined, its reading aid is left out."""
    texts = SharedTexts()
    if part is None or part not in package:
        return texts
    pieces: list[str] = []
    is_text = is_aid = False

    def start(name: str, _: Attributes) -> None:
        nonlocal is_text, is_aid
        element = _ELEMENTS.get(name)
        is_text = element == "t" and not is_aid
        is_aid = is_aid or element == "rPh"

    def end(name: str) -> None:
        nonlocal is_text, is_aid
        element = _ELEMENTS.get(name)
        is_text = False
        if element == "rPh":
            is_aid = False
        elif element == "si":
            texts.add(joined(pieces, package.name))
            pieces.clear()

    def text(given: str) -> None:
        if is_text:
            pieces.append(given)
            if len(pieces) > MOST_PIECES:
                raise damaged(package.name, "a text is longer than a cell holds")

    for _ in parsed(package.open(part), package.name, start=start, end=end, text=text):
        pass
    return texts


def joined(pieces: list[str], name: str) -> str:
    """Return the text that the pieces make.

    Raises:
        ExtractError: It is longer than a cell can hold.
    """
    text = unescaped(pieces[0] if len(pieces) == 1 else "".join(pieces))
    if len(text) > LONGEST_TEXT:
        raise ExtractError(
            "a cell holds a text longer than Excel allows", where=name, todo="shorten it, or export as CSV"
        )
    return text

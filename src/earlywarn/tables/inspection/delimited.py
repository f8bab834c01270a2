"""Tell how a text file is cut into cells, and cut a sample: the separator is the one that cuts evenly."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from earlywarn.errors import ExtractError
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.encoding import Encoding, encoding_of
from earlywarn.tables.inspection.headers import header_doubts, looks_like_data
from earlywarn.tables.inspection.parts import byte_parts, whole_lines
from earlywarn.tables.inspection.sample import MOST_ROWS, Sample, fitted, some_of

SEPARATORS = (";", ",", "\t", "|")
_LINE_END = re.compile(r"\r\n|\n|\r")
_LOOKED_AT = 2_000
_EVEN = 0.9
_NEAR = 0.02


@dataclass(frozen=True)
class Cut:
    """A way to cut lines into cells: how many cells most lines have, and the share that has so many."""

    separator: str
    n_cells: int
    share: float


def sample_delimited(path: Path) -> Sample:
    """Return a sample of a delimited text file.

    Raises:
        ExtractError: It cannot be read, is empty, or begins with data in place of a header.
    """
    parts = byte_parts(path)
    encoding = encoding_of(whole_lines(parts))
    texts = _texts(parts, encoding)
    lines = [line for text in texts for line in _LINE_END.split(text) if line]
    if not lines:
        raise ExtractError("the file is empty", where=path.name, todo="export it again")
    if re.fullmatch(r'"?sep=.?"?', lines[0], flags=re.IGNORECASE):
        message = "the first line only names the separator"
        raise ExtractError(message, where=path.name, todo="remove that line, or export it again without it")
    cuts = sorted((_cut(lines, mark) for mark in SEPARATORS), key=_evenness, reverse=True)
    doubts = [*encoding.doubts, *_cut_doubts(cuts)]
    rows, has_line_ends = _rows(texts, lines, cuts[0])
    header = [cell.strip() for cell in rows[0]]
    if looks_like_data(header):
        message = "the first line looks like data, and a header is needed to name the columns"
        raise ExtractError(message, where=path.name, todo="export it with a header, or write one")
    kept = [row for row in rows[1:] if len(row) == len(header)]
    if len(kept) < len(rows) - 1:
        doubts.append(Doubt("uneven_lines", n=str(len(rows) - 1 - len(kept))))
    reading: dict[str, str | int | bool] = {"encoding": encoding.name, "separator": cuts[0].separator}
    if has_line_ends:
        reading["quoted_newlines"] = True
    return Sample(
        file=path.name,
        header=tuple(header),
        rows=tuple(some_of([fitted(row, len(header)) for row in kept])),
        reading=reading,
        is_whole=len(parts) == 1 and len(kept) <= MOST_ROWS,
        doubts=(*doubts, *header_doubts(header)),
    )


def _texts(parts: list[bytes], encoding: Encoding) -> list[str]:
    if not encoding.name.startswith("utf-16"):
        return [part.decode(encoding.name, errors="replace") for part in whole_lines(parts)]
    # Parts begin on even places, so whole letters; the order that a mark in the first one says holds for all.
    is_big = encoding.name == "utf-16-be" or parts[0].startswith(b"\xfe\xff")
    order = "utf-16-be" if is_big else "utf-16-le"
    texts = [part.decode(order, errors="ignore") for part in parts]
    whole = whole_lines([text.removeprefix("\ufeff").encode() for text in texts])
    return [text.decode() for text in whole]


def _cut(lines: Sequence[str], separator: str) -> Cut:
    """Cut each line by itself; quotes that are left open on a line make it uneven, and it does not count."""
    looked_at = [line for line in lines[:_LOOKED_AT] if line.count('"') % 2 == 0] or list(lines[:_LOOKED_AT])
    counts: Counter[int] = Counter()
    for line in looked_at:
        try:
            counts[len(next(csv.reader([line], delimiter=separator)))] += 1
        except (csv.Error, StopIteration):
            continue
    n_cells, n_lines = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    return Cut(separator, n_cells, n_lines / max(1, len(looked_at)))


def _evenness(cut: Cut) -> tuple[float, int]:
    return (cut.share if cut.n_cells > 1 else 0.0, cut.n_cells)


def _cut_doubts(cuts: Sequence[Cut]) -> list[Doubt]:
    best, second = cuts[0], cuts[1]
    if best.n_cells == 1:
        return [Doubt("one_column")]
    if best.share < _EVEN:
        return [Doubt("separator_uneven", separator=_said(best.separator))]
    if second.n_cells > 1 and second.share > best.share - _NEAR:
        return [Doubt("separators_alike", chosen=_said(best.separator), other=_said(second.separator))]
    return []


def _rows(texts: Sequence[str], lines: Sequence[str], cut: Cut) -> tuple[list[list[str]], bool]:
    """Return the rows, and whether cells hold line ends: then only the first part can be cut."""
    plain = [line for line in lines if line.count('"') % 2 == 0]
    if len(plain) < len(lines):
        whole = _cut_whole(texts[0], cut.separator)
        has_line_ends = any("\n" in cell or "\r" in cell for row in whole for cell in row)
        if has_line_ends and sum(len(row) == cut.n_cells for row in whole) > _EVEN * len(whole):
            return whole, True
    return _cut_whole("\n".join(plain), cut.separator), False


def _cut_whole(text: str, separator: str) -> list[list[str]]:
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > 3 * MOST_ROWS:
                break
    except csv.Error:
        pass
    return rows or [[""]]


def _said(separator: str) -> str:
    return {"\t": "tab"}.get(separator, separator)

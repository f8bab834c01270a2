"""Cut lines into cells with Arrow, and tell the place of every row that has too few or too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from earlywarn.errors import ExtractError
from earlywarn.tables.reading.lines import Lines

_BLOCK = 1 << 22


@dataclass(frozen=True)
class Layout:
    """The columns of a delimited file: all of them in order, those wanted, and those of few texts."""

    header: tuple[str, ...]
    wanted: tuple[str, ...]
    repeating: frozenset[str]
    separator: str
    quoted_newlines: bool
    has_extra_cell: bool = False


@dataclass(frozen=True)
class Cut:
    """The cells of the rows that have as many as the header, their places, and those of the others."""

    cells: pa.Table
    places: np.ndarray
    ragged: np.ndarray
    n_records: int


def cut(lines: Lines, layout: Layout, name: str) -> Cut:
    """Cut the lines of one piece.

    Raises:
        ExtractError: The lines cannot be cut.
    """
    odd: list[tuple[int, str | None]] = []
    cells = _parse(lines.content, layout, odd, name)
    n_records = cells.num_rows + len(odd)
    is_kept = np.ones(n_records, dtype=bool)
    is_kept[[place for place, _ in odd]] = False
    mended = [(place, text) for place, text in odd if text is not None]
    if mended:
        again = _parse("\n".join(text for _, text in mended).encode(), layout, [], name)
        places = np.concatenate((np.flatnonzero(is_kept), [place for place, _ in mended]))
        cells = pa.concat_tables([cells, again]).unify_dictionaries().take(np.argsort(places))
        is_kept[[place for place, _ in mended]] = True
    if layout.has_extra_cell:
        # The last cell, after a trailing separator, must be empty: otherwise it is one cell too many.
        empty = np.asarray(cells[cells.num_columns - 1]) == ""
        cells = cells.remove_column(cells.num_columns - 1).filter(pa.array(empty))
        is_kept[np.flatnonzero(is_kept)[~empty]] = False
    places = np.arange(n_records) if lines.numbers is None else lines.numbers[:n_records]
    return Cut(cells, places[is_kept], places[~is_kept], n_records)


def _parse(content: bytes, layout: Layout, odd: list[tuple[int, str | None]], name: str) -> pa.Table:
    """Return the cells of the rows with as many as the header; add the others to `odd`.

    A row that is whole once a separator at its end is taken away, or added, comes with the text that is so.
    """
    names = [str(position) for position in range(len(layout.header) + layout.has_extra_cell)]
    wanted = {str(layout.header.index(name)): name for name in layout.wanted}
    included = [*(list(wanted) or names[:1]), *(names[-1:] if layout.has_extra_cell else [])]
    if not content.strip(b"\r\n"):
        return pa.table(
            {wanted.get(one, one): pa.array([], _type(layout, wanted.get(one, ""))) for one in included}
        )

    def keep_place(row: pa_csv.InvalidRow) -> Literal["skip", "error"]:
        text = row.text.rstrip("\r\n")
        n_missing = row.expected_columns - row.actual_columns
        if n_missing == -1 and text.endswith(layout.separator):
            odd.append(((row.number or 1) - 1, text[:-1]))
        elif n_missing == 1 and layout.has_extra_cell:
            odd.append(((row.number or 1) - 1, text + layout.separator))
        else:
            odd.append(((row.number or 1) - 1, None))
        return "skip"

    try:
        cells = pa_csv.read_csv(
            pa.BufferReader(content),  # type: ignore[arg-type]
            # One thread, so that a ragged row can be told its number.
            read_options=pa_csv.ReadOptions(use_threads=False, column_names=names, block_size=_BLOCK),
            parse_options=pa_csv.ParseOptions(
                delimiter=layout.separator,
                quote_char='"' if b'"' in content else False,
                newlines_in_values=layout.quoted_newlines,
                ignore_empty_lines=layout.quoted_newlines,
                invalid_row_handler=keep_place,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={one: _type(layout, wanted.get(one, "")) for one in included},
                include_columns=included,
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise ExtractError(
            "the file cannot be cut into cells", where=name, todo="check the separator and the quotes"
        ) from error
    return cells.rename_columns([wanted.get(one, one) for one in cells.column_names])


def _type(layout: Layout, name: str) -> pa.DataType:
    return pa.dictionary(pa.int32(), pa.string()) if name in layout.repeating else pa.string()


def has_empty_row(cells: pa.Table) -> bool:
    """Say whether a row has no text in any wanted column, as a blank line has."""
    is_empty = np.ones(cells.num_rows, dtype=bool)
    for column in cells.columns:
        is_empty &= holds(column, pa.array([""]))
        if not is_empty.any():
            return False
    return True


def another_header(cells: pa.Table, header: Sequence[str]) -> int | None:
    """Return the place of the first row that names the file's columns in other places, or None.

    Two files of other layouts were glued there, and every row below it would be read shifted. A cell or two
    may hold a word that is also a column's name; a header is made of such words.
    """
    found = np.zeros(cells.num_rows, dtype=np.int64)
    for name, column in zip(cells.column_names, cells.columns, strict=True):
        found += holds(column, pa.array(sorted(set(header) - {"", name}), pa.string()))
    n_columns = len(cells.column_names)
    places = np.flatnonzero(found >= max(min(2, n_columns), (n_columns + 1) // 2))
    return int(places[0]) if places.size else None


def holds(column: pa.ChunkedArray[Any], names: pa.Array[Any]) -> np.ndarray:
    """Say which cells are one of the names, dictionary-encoded or not."""
    found = []
    for chunk in column.chunks:
        if not isinstance(chunk, pa.DictionaryArray):
            found.append(np.asarray(pc.is_in(chunk, value_set=names)))
            continue
        # A few texts are looked at in place of all cells.
        among = np.append(np.asarray(pc.is_in(chunk.dictionary, value_set=names)), False)
        indices = np.asarray(chunk.indices.fill_null(len(chunk.dictionary)))
        found.append(among[indices] if among.any() else np.zeros(len(chunk), dtype=bool))
    return np.concatenate(found) if found else np.zeros(0, dtype=bool)

"""Read a delimited file as text, cell by cell, and count every row on the way.

Grain of what is returned: one row per record of the file. Converts nothing; a record with too few or too many
cells is quarantined with its line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.decoding import Lines, read_lines
from earlywarn.tables.reading.header import check_header
from earlywarn.tables.reading.text import RAGGED, WIDE_SPACES, TextBlock, labeled

_BLOCK = 1 << 24


class DelimitedText:
    """One delimited text file."""

    def __init__(self, path: Path, extract: Extract, number: int) -> None:
        self.name = path.name
        self.digest = ""
        self.header: tuple[str, ...] = ()
        self._path, self._extract, self._number = path, extract, number

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the mapped columns.

        Raises:
            ExtractError: The file cannot be read exactly, or its header is not what the mapping says.
        """
        path, extract = self._path, self._extract
        lines = read_lines(
            path,
            encoding=extract.encoding,
            separator=extract.separator,
            quoted_newlines=extract.quoted_newlines,
        )
        header, body = _header(path, lines, extract)
        needed = check_header(header, extract, path.name)
        self.header = tuple(header)
        bad: list[tuple[int, int]] = []
        cells = _parse(path, body, header, extract, needed, bad)
        numbers, ragged = _numbered(lines, cells, bad, extract)
        quarantined = sorted([*lines.quarantined, *((line, RAGGED) for line in ragged)])
        self.digest = lines.digest
        yield TextBlock(
            labeled(cells, numbers, self._number),
            tuple(quarantined),
            has_wide_spaces=any(mark.encode() in body for mark in WIDE_SPACES if mark != extract.separator),
        )


def _header(path: Path, lines: Lines, extract: Extract) -> tuple[list[str], bytes]:
    first, _, body = lines.content.partition(b"\n")
    text = first.decode("utf-8")
    if not text.strip() or any(line == 1 for line, _ in lines.quarantined):
        raise ExtractError("the file has no header", where=path.name, todo="export the file again")
    cells = next(csv.reader([text], delimiter=extract.separator))
    return [cell.strip() for cell in cells], body


def _parse(
    path: Path,
    body: bytes,
    header: list[str],
    extract: Extract,
    needed: tuple[str, ...],
    bad: list[tuple[int, int]],
) -> pa.Table:
    names = [str(position) for position in range(len(header))]
    wanted = {str(header.index(name)): name for name in needed}
    if not body:
        return pa.table({name: pa.array([], pa.string()) for name in needed})

    def keep_count(row: pa_csv.InvalidRow) -> Literal["skip", "error"]:
        bad.append((row.number or 0, row.text.count("\n")))
        return "skip"

    try:
        cells = pa_csv.read_csv(
            pa.BufferReader(body),  # type: ignore[arg-type]
            # One thread, so that a ragged row can be told its number.
            read_options=pa_csv.ReadOptions(use_threads=False, column_names=names, block_size=_BLOCK),
            parse_options=pa_csv.ParseOptions(
                delimiter=extract.separator,
                newlines_in_values=extract.quoted_newlines,
                ignore_empty_lines=False,
                invalid_row_handler=keep_count,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.string()),
                include_columns=list(wanted) or names[:1],
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise ExtractError(
            "the file cannot be cut into cells", where=path.name, todo="check the separator and the quotes"
        ) from error
    return cells.rename_columns([wanted.get(name, name) for name in cells.column_names])


def _numbered(
    lines: Lines, cells: pa.Table, bad: list[tuple[int, int]], extract: Extract
) -> tuple[np.ndarray, list[int]]:
    """Return the line of each kept row and of each ragged one; the header is line 1."""
    n_records = cells.num_rows + len(bad)
    ragged = np.array([number - 1 for number, _ in bad], dtype=np.int64)
    if extract.quoted_newlines:
        heights = np.ones(n_records, dtype=np.int64)
        kept = np.setdiff1d(np.arange(n_records), ragged, assume_unique=True)
        for column in cells.columns:
            heights[kept] += pc.count_substring(column, "\n").to_numpy()
        heights[ragged] += np.array([extra for _, extra in bad], dtype=np.int64)
        at = np.cumsum(heights) - heights + 2
    else:
        at = np.arange(n_records, dtype=np.int64) + 2 if lines.numbers is None else lines.numbers[1:]
        kept = np.setdiff1d(np.arange(n_records), ragged, assume_unique=True)
    return at[kept], [int(line) for line in at[ragged]]

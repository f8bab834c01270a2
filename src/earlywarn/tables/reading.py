"""Read a school's files as text, cell by cell, and count every row on the way.

Grain of what is returned: one row per record of the file. Converts nothing; a record with too few or too many
cells is quarantined with its line.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from earlywarn.errors import ExtractError
from earlywarn.tables.decoding import Lines, read_bytes, read_lines
from earlywarn.tables.extracts import Extract

RAGGED = "ragged"
LINE = "_line"
FILE = "_file"
WIDE_SPACES = "\t\u00a0\u202f\u2007"
_BLOCK = 1 << 24


@dataclass(frozen=True)
class FileText:
    """One file as text: its cells, its quarantined lines, and how many rows it held."""

    name: str
    digest: str
    cells: pa.Table
    quarantined: tuple[tuple[int, str], ...]
    has_wide_spaces: bool = True

    @property
    def n_read(self) -> int:
        """Return how many rows the file held, blank lines and header apart."""
        return self.cells.num_rows + len(self.quarantined)


def find_files(extract: Extract, folder: Path) -> list[Path]:
    """Return the files an extract names, in the order of their names.

    Raises:
        ExtractError: There is none and the extract is not optional.
    """
    found = sorted(path for path in folder.glob(extract.file) if path.is_file())
    if not found and not extract.optional:
        raise ExtractError(
            f"there is no file '{extract.file}' for table '{extract.table}'",
            where=str(folder),
            todo="add the file, or declare the extract optional",
        )
    return found


def read_file(path: Path, extract: Extract, *, number: int = 0) -> FileText:
    """Read one file as text; `number` tells its rows from those of the other files of an intake.

    Raises:
        ExtractError: The file cannot be read exactly, or its header is not what the mapping says.
    """
    if extract.format == "parquet":
        return _parquet(path, extract, number)
    lines = read_lines(
        path,
        encoding=extract.encoding,
        separator=extract.separator,
        quoted_newlines=extract.quoted_newlines,
    )
    header, body = _header(path, lines, extract)
    check_header(header, extract, path.name)
    bad: list[tuple[int, int]] = []
    cells = _parse(path, body, header, extract, bad)
    numbers, ragged = _numbered(lines, cells, bad, extract)
    quarantined = sorted([*lines.quarantined, *((line, RAGGED) for line in ragged)])
    return FileText(
        path.name,
        lines.digest,
        _labeled(cells, numbers, number),
        tuple(quarantined),
        has_wide_spaces=any(mark.encode() in body for mark in WIDE_SPACES if mark != extract.separator),
    )


def check_header(header: list[str], extract: Extract, name: str) -> None:
    """Refuse a header that lacks a mapped column, repeats one, or holds one nobody mentioned.

    Raises:
        ExtractError: Names the columns.
    """
    missing = [column for column in extract.needed if column not in header]
    repeated = sorted({column for column in extract.needed if header.count(column) > 1})
    known = {*extract.needed, *extract.ignore, ""}
    unknown = [] if "*" in extract.ignore else [column for column in header if column not in known]
    problems = [
        f"{what} column {_listed(columns)}"
        for what, columns in (("no", missing), ("more than one", repeated), ("unknown", unknown))
        if columns
    ]
    if problems:
        raise ExtractError(
            f"the header has {'; '.join(problems)}",
            where=name,
            todo="map the column in extracts.toml, or list it under ignore",
        )


def _listed(columns: list[str]) -> str:
    # A header is a declaration, not a student's value; but a file without header would show its first row.
    return ", ".join(f"'{column[:40]}'" for column in columns) if len(columns) <= 8 else f"({len(columns)})"


def _header(path: Path, lines: Lines, extract: Extract) -> tuple[list[str], bytes]:
    first, _, body = lines.content.partition(b"\n")
    text = first.decode("utf-8")
    if not text.strip() or any(line == 1 for line, _ in lines.quarantined):
        raise ExtractError("the file has no header", where=path.name, todo="export the file again")
    cells = next(csv.reader([text], delimiter=extract.separator))
    return [cell.strip() for cell in cells], body


def _parse(
    path: Path, body: bytes, header: list[str], extract: Extract, bad: list[tuple[int, int]]
) -> pa.Table:
    names = [str(position) for position in range(len(header))]
    wanted = {str(header.index(name)): name for name in extract.needed}
    if not body:
        return pa.table({name: pa.array([], pa.string()) for name in extract.needed})

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


def _labeled(cells: pa.Table, numbers: np.ndarray, number: int) -> pa.Table:
    labeled = cells.append_column(LINE, pa.array(numbers, pa.int64()))
    return labeled.append_column(FILE, pa.array(np.full(cells.num_rows, number), pa.int32()))


def _parquet(path: Path, extract: Extract, number: int) -> FileText:
    raw = read_bytes(path)
    try:
        file = pq.ParquetFile(pa.BufferReader(raw))
        check_header(file.schema_arrow.names, extract, path.name)
        cells = file.read(columns=list(extract.needed))
    except pa.ArrowInvalid as error:
        message = "the file is not Parquet or is damaged"
        raise ExtractError(message, where=path.name, todo="copy it again") from error
    columns = [_as_text(cells[name], path) for name in extract.needed]
    texts = pa.Table.from_arrays(columns, names=list(extract.needed))
    digest = hashlib.sha256(raw).hexdigest()
    return FileText(path.name, digest, _labeled(texts, np.arange(cells.num_rows) + 1, number), ())


def _as_text(column: pa.ChunkedArray[Any], path: Path) -> pa.ChunkedArray[Any]:
    try:
        text: pa.ChunkedArray[Any] = column.cast(pa.string()).fill_null("")  # type: ignore[arg-type]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = "a column cannot be written as text"
        raise ExtractError(message, where=path.name, todo="map other columns") from error
    return text

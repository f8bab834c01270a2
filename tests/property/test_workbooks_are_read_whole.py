"""Whatever a workbook holds, each row is read exactly or waits, and whatever is broken is refused."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading import TextBlock, open_text
from tests.builders import workbook as build
from tests.builders.intake import declare, reasons

COLUMNS = ("A", "B", "C")
EXTRACT = Extract.model_validate(
    {"table": "t", "file": "*", "format": "xlsx", "columns": {name.lower(): name for name in COLUMNS}}
)
letters = st.characters(
    codec="utf-8",
    exclude_categories=("Cs", "Cc"),
    exclude_characters="ÃÂÅâ\ufffd\ufffe\uffff\r",
    max_codepoint=0x2FFFF,
)
texts = st.text(letters, max_size=8).filter(lambda text: not text.startswith("=") and "_x" not in text)
cells = st.one_of(
    st.none(),
    texts,
    st.integers(-(10**15) + 1, 10**15 - 1),
    # openpyxl itself writes 16 digits, and rounding twice is not rounding once.
    st.floats(-1e12, 1e12, allow_nan=False).map(lambda value: float(f"{value:.14g}")),
    st.booleans(),
    st.dates(date(1900, 3, 1), date(2199, 12, 31)),
)
sheets = st.lists(st.tuples(cells, cells, cells), max_size=12)
PROPERTY = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _written(value: object) -> str:
    """Say in the plainest words what a cell should read as."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return {True: "true", False: "false"}[value]
    if isinstance(value, date | datetime):
        return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"
    if isinstance(value, float):
        return f"{Decimal(f'{value:.15g}'):f}"
    # An accent written apart is the same letter, in a workbook as in a text file.
    return unicodedata.normalize("NFC", str(value))


def _read(path: Path) -> list[TextBlock]:
    return list(open_text(path, EXTRACT).blocks())


@PROPERTY
@given(rows=sheets)
def test_what_another_program_wrote_is_what_is_read(tmp_path: Path, rows: list[tuple[object, ...]]) -> None:
    """Every row that openpyxl writes comes back with its line and its very texts, blank ones left out."""
    book = openpyxl.Workbook()
    sheet = book.active
    for line, row in enumerate((COLUMNS, *rows), 1):
        for place, value in enumerate(row, 1):
            sheet.cell(line, place, value)
    book.save(tmp_path / "t.xlsx")

    blocks = _read(tmp_path / "t.xlsx")

    expected = [(line, *map(_written, row)) for line, row in enumerate(rows, 2)]
    found = [
        tuple(row.values())[-2:-1] + tuple(row.values())[:3] for b in blocks for row in b.cells.to_pylist()
    ]
    assert found == [row for row in expected if "".join(map(str, row[1:])).strip()]
    assert [block.quarantined for block in blocks] == [()] * len(blocks)


_SHEET = build.sheet(
    build.row(1, *map(build.text, COLUMNS)),
    *(build.row(n, build.text(f"s{n}"), build.number("45931", 1), build.number("0.5")) for n in range(2, 30)),
    after='<mergeCells><mergeCell ref="C4:C6"/></mergeCells>',
)
_PARTS = build.parts({"F": _SHEET}, formats=["yyyy-mm-dd"], texts=["<t>x</t>"])
_PACKED = build.packed(_PARTS)
changes = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 4), st.binary(max_size=3)),
    min_size=1,
    max_size=3,
)


def _changed(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for share, cut, added in changes:
        at = int(share * len(content))
        content = content[:at] + added + content[at + cut :]
    return content


@PROPERTY
@given(changes=changes)
def test_broken_file_is_refused_or_read_as_it_was(
    tmp_path: Path, changes: list[tuple[float, int, bytes]]
) -> None:
    """A file with bytes changed, added or lost gives the same 28 rows or one clear refusal."""
    path = tmp_path / "t.xlsx"
    path.write_bytes(_changed(_PACKED, changes))

    try:
        n_read = sum(block.n_read for block in _read(path))
    except ExtractError:
        return

    assert n_read == 28


@PROPERTY
@given(part=st.sampled_from(sorted(_PARTS)), changes=changes)
def test_broken_part_is_refused_or_counted(
    tmp_path: Path, part: str, changes: list[tuple[float, int, bytes]]
) -> None:
    """A part that was written wrong but packed well is refused, or every row it still holds is counted."""
    content = _changed(_PARTS[part].encode(), changes)
    path = build.write(tmp_path / "t.xlsx", {**_PARTS, part: content})

    try:
        blocks = _read(path)
    except ExtractError:
        return

    lines = [line for block in blocks for line in block.cells["_line"].to_pylist()]
    lines += [line for block in blocks for line, _ in block.quarantined]
    assert len(lines) == len(set(lines)) == sum(block.n_read for block in blocks)


def test_sheet_is_taken_in_as_the_same_rows_of_a_file_are(tmp_path: Path) -> None:
    """Rows of a workbook are accepted, quarantined and reported as those of a CSV file are."""
    given = [
        ("ana", date(2025, 1, 6), "M", 0.5),
        ("bob", date(2025, 1, 7), "N", 1),
        ("cy", date(2025, 1, 8), "X", 1),
        ("dee", date(2025, 1, 9), "M", "#N/A"),
        ("eve", datetime(2025, 1, 9, 8, 30), "M", 0.25),  # noqa: DTZ001
        ("fay", date(2025, 1, 10), "M", 12345678901234567),
    ]
    extracts = """
[[extract]]
table = "absences"
file = "absences.xlsx"
format = "xlsx"
sheet = "Absences"
decimal = ","
date_format = "%d/%m/%Y"
[extract.columns]
student_id = "Élève"
happened_on = "Jour"
category = "Motif"
days = "Durée"
[extract.codes.category]
M = "excused"
N = "unexcused"
"""
    book = openpyxl.Workbook()
    book.active.title = "Absences"
    for row in [("Élève", "Jour", "Motif", "Durée"), *given]:
        book.active.append(row)
    book.save(tmp_path / "absences.xlsx")
    network = declare(tmp_path / "n", extracts=extracts)

    report = network.take_in({"absences.xlsx": (tmp_path / "absences.xlsx").read_bytes()})

    (table,) = report.tables
    assert (table.n_read, table.n_new, table.n_quarantined) == (6, 2, 4)
    assert reasons(table) == {
        "category:unknown_code": (4,),
        "days:error_cell": (5,),
        "happened_on:time_of_day": (6,),
        "days:number_too_long": (7,),
    }
    assert network.rows("SELECT student_id, happened_on, days, line FROM versions.absences ORDER BY 1") == [
        ("ana", date(2025, 1, 6), Decimal("0.50"), 2),
        ("bob", date(2025, 1, 7), Decimal("1.00"), 3),
    ]
    french = report.as_text("fr")
    assert "absences.xlsx [days]: la cellule montre une erreur (#N/A, #REF!), 1 (ligne 5)" in french

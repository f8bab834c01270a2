"""A file that is no workbook, is protected, or is made to burst is refused before anything is unpacked."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading import open_text
from tests.builders import workbook as build

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
EXTRACT = Extract.model_validate(
    {"table": "t", "file": "*", "format": "xlsx", "columns": {"a": "A", "b": "B"}}
)
WHOLE = build.packed(
    build.parts(
        {"F": build.sheet(build.row(1, build.text("A"), build.text("B")), build.row(2, build.text("x")))}
    )
)


def _read(tmp_path: Path, content: bytes) -> int:
    path = tmp_path / "t.xlsx"
    path.write_bytes(content)
    return sum(block.n_read for block in open_text(path, EXTRACT).blocks())


def _zipped(**parts: bytes) -> bytes:
    return build.packed(
        {name.replace("__", "/").replace("_", "."): content for name, content in parts.items()}
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (OLD + "Workbook".encode("utf-16-le"), "the file is an old .xls workbook; open it in"),
        (
            OLD + bytes(1 << 20) + "EncryptedPackage".encode("utf-16-le"),
            "the file is protected by a password",
        ),
        (b"<html><table>", "the file is a text or web page, not an .xlsx workbook"),
        (b"\xef\xbb\xbfA;B\n", "the file is a text or web page, not an .xlsx workbook"),
        (b"PAR1", "the file is another kind of file, not an .xlsx workbook"),
        (b"", "the file is another kind of file, not an .xlsx workbook"),
        (_zipped(xl__workbook_bin=b"", rels=b""), "the file is a binary .xlsb workbook"),
        (_zipped(mimetype=b"", content_xml=b""), "the file is an OpenDocument sheet"),
        (_zipped(absences_csv=b"A,B\n"), "the file is a zip file, but no .xlsx workbook"),
        (WHOLE[:-30], "the workbook is damaged or cut short"),
        (WHOLE[: len(WHOLE) // 2], "the workbook is damaged or cut short"),
    ],
)
def test_other_files_are_refused_by_what_they_are(tmp_path: Path, content: bytes, message: str) -> None:
    """A clerk reads what the file is, and how to make it one that can be read."""
    with pytest.raises(ExtractError, match=message):
        _read(tmp_path, content)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is an error of the extract, whatever the format."""
    with pytest.raises(ExtractError, match="the file cannot be opened"):
        next(open_text(tmp_path / "none.xlsx", EXTRACT).blocks())


def test_part_of_a_password_protected_zip_is_refused(tmp_path: Path) -> None:
    """A zip with the mark of encryption is not read into noise."""
    content = bytearray(WHOLE)
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        start = archive.start_dir
    struct.pack_into("<H", content, start + 8, 1)

    with pytest.raises(ExtractError, match="protected by a password"):
        _read(tmp_path, bytes(content))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_part_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    """Two sheets under one name are two answers; none is picked."""
    path = tmp_path / "t.xlsx"
    path.write_bytes(WHOLE)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", build.sheet())

    with pytest.raises(ExtractError, match="a part stands there twice"):
        _read(tmp_path, path.read_bytes())


def _gigabyte_sheet() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, inside in build.parts({"F": ""}).items():
            if "sheet1" not in name:
                archive.writestr(name, inside)
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(100):
                part.write(b" " * 1_000_000)
    content = bytearray(buffer.getvalue())
    # It holds a tenth of what it declares: the declaration alone must be enough to refuse it.
    at = content.rfind(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 1_000_000_000)
    return bytes(content)


def _million_entries() -> bytes:
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    directory = entry * 1_000_000
    end_64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 10**6, 10**6, len(directory), 30)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 30 + len(directory), 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return b"PK\x03\x04" + bytes(26) + directory + end_64 + locator + end


def _many_entries() -> bytes:
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    directory = entry * 60_000
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 9, 9, len(directory), 30, 0)
    return b"PK\x03\x04" + bytes(26) + directory + end


@pytest.mark.parametrize(
    ("bomb", "message"),
    [
        (_gigabyte_sheet, "the workbook would unpack to 1000 MB"),
        (_million_entries, "far more parts than a workbook has"),
        (_many_entries, "far more parts than a workbook has"),
    ],
)
def test_bombs_are_refused_at_once_and_memory_stays_flat(
    tmp_path: Path, bomb: Callable[[], bytes], message: str
) -> None:
    """A gigabyte of nothing or a million parts are refused within a second, and without taking memory."""
    path = tmp_path / "t.xlsx"
    path.write_bytes(bomb())
    tracemalloc.start()
    started = time.monotonic()

    with pytest.raises(ExtractError, match=message):
        next(open_text(path, EXTRACT).blocks())

    taken, peak = time.monotonic() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken < 1
    assert peak < 20_000_000


def test_part_never_gives_more_than_it_declares(tmp_path: Path) -> None:
    """A sheet that declares few bytes and holds many is damaged, not unpacked."""
    rows = [build.row(n, build.text("x" * 50)) for n in range(2, 2_000)]
    sheet = build.sheet(build.row(1, build.text("A"), build.text("B")), *rows)
    content = bytearray(build.packed(build.parts({"F": sheet})))
    at = content.rfind(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 5_000)

    with pytest.raises(ExtractError, match="damaged or cut short"):
        _read(tmp_path, bytes(content))


def test_long_text_shared_by_many_cells_does_not_fill_the_memory(tmp_path: Path) -> None:
    """Cells that all point to one long text come in many small blocks."""
    rows = [build.row(n, 't="s"><v>0</v>', build.text("y")) for n in range(2, 4_002)]
    sheet = build.sheet(build.row(1, build.text("A"), build.text("B")), *rows)
    texts = [f"<t>{'x' * 32_000}</t>"]
    path = build.write(tmp_path / "t.xlsx", build.parts({"F": sheet}, texts=texts))

    sizes = [(block.n_read, block.cells.nbytes) for block in open_text(path, EXTRACT).blocks()]

    assert sum(n_read for n_read, _ in sizes) == 4_000
    assert max(n_bytes for _, n_bytes in sizes) < 40_000_000

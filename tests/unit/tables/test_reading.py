"""Files are read exactly, or refused with the line that cannot be."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading import TextBlock, open_text


def _extract(**changes: object) -> Extract:
    declared = {"table": "t", "file": "t.csv", "columns": {"a": "A", "b": "B"}, **changes}
    return Extract.model_validate(declared)


def _read(tmp_path: Path, content: bytes, name: str = "t.csv", **changes: object) -> TextBlock:
    path = tmp_path / name
    path.write_bytes(content)
    blocks = list(open_text(path, _extract(**changes)).blocks())
    held = tuple(line for block in blocks for line in block.quarantined)
    return TextBlock(pa.concat_tables([block.cells for block in blocks]), held)


def _cells(text: TextBlock) -> list[tuple[int, str, str]]:
    table = text.cells.to_pydict()
    return list(zip(table["_line"], table["A"], table["B"], strict=True))


@pytest.mark.parametrize(
    ("encoding", "ends"),
    [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("cp1252", "\r\n"), ("utf-16", "\n"), ("cp850", "\r")],
)
def test_same_records_whatever_the_encoding_and_line_ends(tmp_path: Path, encoding: str, ends: str) -> None:
    """The same text gives the same records in every declared encoding."""
    content = f"A;B{ends}é;007{ends}NA;x{ends}".encode(encoding)

    text = _read(tmp_path, content, encoding=encoding, separator=";")

    assert _cells(text) == [(2, "é", "007"), (3, "NA", "x")]


def test_gz_is_unpacked(tmp_path: Path) -> None:
    """A compressed file is read as what it holds."""
    assert _cells(_read(tmp_path, gzip.compress(b"A,B\n1,2\n"), "t.csv.gz")) == [(2, "1", "2")]


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"A,B\n1,2\n\xe9,3\n", "utf-8", "line 3 holds a byte that the declared encoding does not know"),
        (b"A,B\n1,\x81\n", "cp1252", "line 2 holds a byte that the declared encoding does not know"),
        ("A,B\né,2\n".encode(), "cp1252", "line 2 holds text in another encoding"),
        ("A,B\n1,\ufffd\n".encode(), "utf-8", "line 2 holds a character lost by an earlier conversion"),
        ("A,B\n1,Ã©\n".encode(), "utf-8", "line 2 holds text that was decoded twice"),
        (b"", "utf-8", "the file has no header"),
    ],
)
def test_file_that_cannot_be_read_exactly_is_refused(
    tmp_path: Path, content: bytes, encoding: str, message: str
) -> None:
    """A wrong byte refuses the file and names the line; nothing is garbled in silence."""
    with pytest.raises(ExtractError, match=message):
        _read(tmp_path, content, encoding=encoding)


def test_cut_gz_is_refused(tmp_path: Path) -> None:
    """A compressed file that was cut short is refused."""
    with pytest.raises(ExtractError, match="damaged or cut short"):
        _read(tmp_path, gzip.compress(b"A,B\n1,2\n" * 100)[:-12], "t.csv.gz")


def test_ragged_rows_wait_with_their_lines(tmp_path: Path) -> None:
    """Rows with too few or too many cells are held back; the lines of the others stay true."""
    text = _read(tmp_path, b"A,B\n1,2\n3\n4,5\n6,7,8\n9,10")

    assert _cells(text) == [(2, "1", "2"), (4, "4", "5"), (6, "9", "10")]
    assert text.quarantined == ((3, "ragged"), (5, "ragged"))
    assert text.n_read == 5


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    """A blank line counts as no row, and does not shift the lines after it."""
    text = _read(tmp_path, b"A,B\n\n1,2\n\n\n3,4\n\n")

    assert _cells(text) == [(3, "1", "2"), (6, "3", "4")]
    assert text.n_read == 2


def test_line_whose_quotes_do_not_close_waits(tmp_path: Path) -> None:
    """An unclosed quote holds back its own line and swallows none of the next."""
    text = _read(tmp_path, b'A,B\n1,"x\n2,"a ""b"" c"\n3,"y"z"q"\n4,d\n5\n6,e\n')

    assert _cells(text) == [(3, "2", 'a "b" c'), (5, "4", "d"), (7, "6", "e")]
    assert text.quarantined == ((2, "odd_quotes"), (4, "stray_quote"), (6, "ragged"))


def test_declared_newlines_in_quotes_keep_the_lines_true(tmp_path: Path) -> None:
    """Where the mapping says so, a cell may hold a line end, and line numbers count it."""
    text = _read(tmp_path, b'A,B\n1,"x\ny"\n2\n3,z\n', quoted_newlines=True)

    assert _cells(text) == [(2, "1", "x\ny"), (5, "3", "z")]
    assert text.quarantined == ((4, "ragged"),)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"A\n", "no column 'B'"),
        (b"A,B,A\n", "more than one column 'A'"),
        (b"A,B,C\n", "unknown column 3"),
    ],
)
def test_header_other_than_declared_is_refused(tmp_path: Path, header: bytes, message: str) -> None:
    """A column that lacks, stands twice, or is mentioned nowhere refuses the file."""
    with pytest.raises(ExtractError, match=message):
        _read(tmp_path, header + b"1,2,3\n")


def test_a_file_without_header_shows_no_students_row(tmp_path: Path) -> None:
    """Where the first line is a row, its cells are told by their places only."""
    with pytest.raises(ExtractError, match="unknown column") as refused:
        _read(tmp_path, b"LAVM01010203,Lavoie\n")

    assert "LAVM" not in str(refused.value)
    assert "Lavoie" not in str(refused.value)


def test_ignored_column_is_left_out(tmp_path: Path) -> None:
    """A column the mapping lists under ignore is not read."""
    text = _read(tmp_path, b"B,C,A\n1,2,3\n", ignore=("C",))

    assert _cells(text) == [(2, "3", "1")]


def test_ragged_rows_are_numbered_across_blocks(tmp_path: Path) -> None:
    """Far into a large file the line of a ragged row is still exact."""
    lines = [b"A,B"] + [b"%d,%s" % (i, b"x" * 200) for i in range(100_000)]
    lines[90_000] = b"ragged"

    text = _read(tmp_path, b"\n".join(lines))

    assert text.quarantined == ((90_001, "ragged"),)
    assert text.cells["_line"][-1].as_py() == 100_001


def test_words_that_are_also_names_of_columns_are_no_header(tmp_path: Path) -> None:
    """A mother and a father who work in health, in a file with a column of that name, are a row."""
    content = b"mother,father,health,age,school\nhealth,health,5,15,s1\nteacher,health,4,16,s1\n"
    columns = {name: name for name in ("mother", "father", "health", "age", "school")}

    text = _read(tmp_path, content, columns=columns)

    assert text.cells["mother"].to_pylist() == ["health", "teacher"]

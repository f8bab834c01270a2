"""JSON lines are read exactly: every value as written, every wrong line with its number."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract, Source
from earlywarn.tables.reading import LINE, ndjson, open_text
from earlywarn.tables.reading.ndjson import LONGEST_LINE
from earlywarn.tables.report.words import REASONS

Cells = dict[str, list[str]]


def read(
    tmp_path: Path, content: bytes, *, ignore: tuple[str, ...] = ()
) -> tuple[Cells, list[int], list[tuple[int, str]]]:
    """Return the cells by column, their lines, and the lines held back."""
    path = tmp_path / "rows.ndjson"
    path.write_bytes(content)
    columns = {name: Source.model_validate({"from": name.upper()}) for name in ("code", "days")}
    extract = Extract(
        table="t", file="rows.ndjson", format="ndjson", columns=columns, texts=("code",), ignore=ignore
    )
    blocks = list(open_text(path, extract).blocks())
    cells = {name: [str(v) for b in blocks for v in b.cells[name].to_pylist()] for name in ("CODE", "DAYS")}
    lines = [int(line or 0) for block in blocks for line in block.cells[LINE].to_pylist()]
    return cells, lines, [bad for block in blocks for bad in block.quarantined]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("72.50", "72.50"), ("0.1", "0.1"), ("-0", "-0"), ("1E2", "100"), ("7.250e1", "72.50"),
        ("1e-3", "0.001"), ("12345678901234567.89", "12345678901234567.89"), ("1e999", "1e999"),
        ("1e99999999999999999999", "1e99999999999999999999"), ("9" * 5_000, "9" * 5_000),
        ("true", "true"), ("false", "false"), ("null", ""), ('""', ""), ('" 5 "', " 5 "), ('"NA"', "NA"),
    ],
)  # fmt: skip
def test_a_value_keeps_its_writing(tmp_path: Path, written: str, text: str) -> None:
    """No number passes through a float: its digits are those that were sent."""
    cells, _, bad = read(tmp_path, f'{{"CODE": "007", "DAYS": {written}}}'.encode())

    assert (cells, bad) == ({"CODE": ["007"], "DAYS": [text]}, [])


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    """Blank lines are no rows but are counted, and names may stand in any order."""
    content = b'\xef\xbb\xbf{"CODE":"a","DAYS":1}\r\n\n  \n{"DAYS":2,"CODE":"b"}\n{}\n{"CODE":"c","DAYS":3}'

    cells, lines, bad = read(tmp_path, content)

    assert cells == {"CODE": ["a", "b", "c"], "DAYS": ["1", "2", "3"]}
    assert (lines, bad) == ([1, 4, 6], [(5, "missing_name")])


def test_text_keeps_its_characters(tmp_path: Path) -> None:
    """Escapes are the characters they stand for, whole pairs of surrogates included."""
    cells, _, bad = read(tmp_path, '{"CODE":"\\u00e9\\ud83d\\ude00é\\n\\"","DAYS":""}'.encode())

    assert (cells["CODE"], bad) == (['é😀é\n"'], [])


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("not_an_object", b'{"CODE":"a","DAYS":1}{"CODE":"b","DAYS":2}'),
        ("not_an_object", b"[" * 200_000),
        ("not_an_object", b'{"CODE":"a","DAYS":01}'),
        ("not_an_object", b'{"CODE":"a\tb","DAYS":1}'),
        ("not_an_object", b"{'CODE':'a','DAYS':1}"),
        ("not_an_object", b"\xef\xbb\xbf\xef\xbb\xbf{}"),
        ("not_an_object", b"1"),
        ("unknown_byte", b'{"CODE":"\xe9","DAYS":1}'),
        ("unknown_byte", b'{"CODE":"\xed\xa0\x80","DAYS":1}'),
        ("nul", b'{"CODE":"a\x00","DAYS":1}'),
        ("code:nul", b'{"CODE":"\\u0000","DAYS":1}'),
        ("code:half_character", b'{"CODE":"\\ud83d","DAYS":1}'),
        ("code:lost_character", b'{"CODE":"\\ufffd","DAYS":1}'),
        ("code:decoded_twice", b'{"CODE":"\\u00c3\\u00a9","DAYS":1}'),
        ("decoded_twice", "{\"CODE\":\"Ã©\",\"DAYS\":1}".encode()),
        ("repeated_name", b'{"CODE":"a","DAYS":1,"DAYS":1}'),
        ("unknown_name", b'{"CODE":"a","DAYS":1,"OTHER":1}'),
        ("missing_name", b'{"CODE":"a"}'),
        ("code:nested_value", b'{"CODE":["a"],"DAYS":1}'),
        ("days:nested_value", b'{"CODE":"a","DAYS":{}}'),
        ("days:not_finite", b'{"CODE":"a","DAYS":NaN}'),
        ("days:not_finite", b'{"CODE":"a","DAYS":-Infinity}'),
        ("code:not_text", b'{"CODE":7,"DAYS":1}'),
        ("code:not_text", b'{"CODE":true,"DAYS":1}'),
        ("too_long", b'{"CODE":"' + b"a" * LONGEST_LINE + b'","DAYS":1}'),
        ("too_long", b" " * (3 * LONGEST_LINE)),
    ],
)  # fmt: skip
def test_a_wrong_line_is_held_back_alone(tmp_path: Path, reason: str, line: bytes) -> None:
    """The lines before and after a wrong one are read, whatever it is."""
    good = b'{"CODE":"a","DAYS":1}'

    _, lines, bad = read(tmp_path, b"\n".join([good, line, good]))

    assert (lines, bad) == ([1, 3], [(2, reason)])


def test_names_may_be_ignored_by_declaration(tmp_path: Path) -> None:
    """A name listed under ignore, or any under `*`, is not read; one that is repeated is still refused."""
    line = b'{"CODE":"a","DAYS":1,"OTHER":{"x":[1]}}\n{"CODE":"a","DAYS":1,"OTHER":1,"OTHER":2}'

    for ignore in (("OTHER",), ("*",)):
        assert read(tmp_path, line, ignore=ignore)[1:] == ([1], [(2, "repeated_name")])


def test_many_rows_come_in_blocks(tmp_path: Path) -> None:
    """Blocks hold some mebibytes each, packed files too, and each row keeps its line."""
    content = b'{"CODE":"a","DAYS":1}\n' * 250_000
    path = tmp_path / "rows.ndjson.gz"
    path.write_bytes(gzip.compress(content, 1))
    columns = {name: Source.model_validate({"from": name.upper()}) for name in ("code", "days")}
    text = open_text(path, Extract(table="t", file="x", format="ndjson", columns=columns))

    blocks = list(text.blocks())
    lines = [int(line or 0) for block in blocks for line in block.cells[LINE].to_pylist()]

    assert len(blocks) > 1
    assert max(block.n_read for block in blocks) < 200_000
    assert lines == list(range(1, 250_001))
    assert text.digest == hashlib.sha256(content).hexdigest()


def test_an_accent_written_apart_is_the_same_letter(tmp_path: Path) -> None:
    """Codes and names meet, whether a letter and its accent are one character or two, escaped or not."""
    cells, _, bad = read(
        tmp_path, "e\u0301".join(['{"CODE":"', '","DAYS":1}\n']).encode() + b'{"CODE":"e\\u0301","DAYS":1}'
    )

    assert (cells["CODE"], bad) == (["é", "é"], [])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The refusal names the file."""
    columns = {"code": Source.model_validate({"from": "CODE"})}
    text = open_text(tmp_path / "none.ndjson", Extract(table="t", file="x", format="ndjson", columns=columns))
    with pytest.raises(ExtractError, match=r"none\.ndjson: the file cannot be opened"):
        list(text.blocks())


def test_every_reason_has_words() -> None:
    """Whoever reads a report is told in words why a line of JSON waits."""
    source = Path(ndjson.__file__).read_text(encoding="utf-8")
    reasons = set(re.findall(r'(?:return|reason =|else|"",) "([a-z]+_[a-z_]+)"', source))

    assert {"not_an_object", "missing_name", "not_finite", "half_character"} <= reasons
    assert reasons - REASONS.keys() == set()

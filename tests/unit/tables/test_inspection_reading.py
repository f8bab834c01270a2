"""How an unknown file is written is told from a sample of it, or said to be unsure."""

from __future__ import annotations

import csv
import gzip
import random
from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables.inspection.delimited import sample_delimited
from earlywarn.tables.inspection.encoding import encoding_of
from earlywarn.tables.inspection.sample import Sample

LINES = ["Code;Nom;Ville", "1;Zoé;Montréal", "2;Noël;Trois-Rivières", "3;Anaïs;Québec", "4;François;Lévis"]
ENCODINGS = ["utf-8", "cp1252", "cp850", "mac_roman"]


def _sample(tmp_path: Path, content: bytes, name: str = "t.csv") -> Sample:
    path = tmp_path / name
    path.write_bytes(content)
    return sample_delimited(path)


def _codes(sample: Sample) -> list[str]:
    return [doubt.code for doubt in sample.doubts]


@pytest.mark.parametrize("encoding", [*ENCODINGS, "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_encoding_is_told_from_a_few_french_words(tmp_path: Path, encoding: str, ends: str) -> None:
    """Four French words are enough, whatever the line ends; the sample reads as it was written."""
    sample = _sample(tmp_path, (ends.join(LINES) + ends).encode(encoding))

    assert sample.reading == {"encoding": encoding, "separator": ";"}
    assert (sample.rows[2], _codes(sample)) == (("3", "Anaïs", "Québec"), [])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("n_names", [1, 2, 5, 40])
def test_encoding_of_real_names_is_never_wrong_without_a_doubt(
    real_data: Path, encoding: str, n_names: int
) -> None:
    """Real names of Québec schools, a few at a time and in capitals too: the right encoding, or a doubt."""
    with gzip.open(real_data / "quebec_schools" / "ecoles.csv.gz", "rt", encoding="utf-8") as handle:
        names = sorted({row["nom"] for row in csv.DictReader(handle) if not row["nom"].isascii()})
    chance = random.Random(n_names)  # noqa: S311
    n_right = 0
    for case in range(100):
        text = "\n".join(
            ["code;nom", *(f"{i};{name}" for i, name in enumerate(chance.sample(names, n_names)))]
        )
        text = text.upper() if case % 4 == 0 else text
        try:
            found = encoding_of([text.encode(encoding)])
        except UnicodeEncodeError:
            continue
        n_right += found.name == encoding

        assert found.name == encoding or found.doubts, f"{n_names} names in {encoding} taken as {found.name}"
    assert n_right >= 95


@pytest.mark.parametrize(
    ("content", "encoding", "doubts"),
    [
        (b"a;b\n1;2\n", "utf-8", ["plain_letters_only"]),
        ("a;b\n1;ZoÃ©\n".encode(), "utf-8", ["decoded_twice"]),
        ("a;b\n1;Zoé Noël Léa\n".encode() + "2;Zoé\n".encode("cp1252"), "utf-8", ["mixed_encodings"]),
        (b"a;b\n1;\x85\n", "cp850", ["encodings_alike"]),
    ],
)
def test_what_the_bytes_do_not_say_is_a_doubt(
    tmp_path: Path, content: bytes, encoding: str, doubts: list[str]
) -> None:
    """Plain letters, letters decoded twice, two encodings in one file, a lone letter: each is said."""
    sample = _sample(tmp_path, content)

    assert (sample.reading["encoding"], _codes(sample)) == (encoding, doubts)


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a;b\n1,5;2\n3,5;4,5\n", ";"),
        ("a,b\n1,2\n3,4\n", ","),
        ("a\tb\n1,5\t2;3\n4\t5\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a,b\n"1;2",3\n"4;5",6\n', ","),
        ("a;b;c\n1,2;3,4;5,6\n", ";"),
    ],
)
def test_separator_is_the_one_that_cuts_evenly(tmp_path: Path, text: str, separator: str) -> None:
    """Decimal commas and separators inside quotes mislead nobody."""
    assert _sample(tmp_path, text.encode()).reading["separator"] == separator


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("a\n1\n2\n", "one_column"),
        ("a;b,c\n1;2,3\n4;5,6\n", "separators_alike"),
        ("a;b\n1\n2\n3\n4;5\n", "one_column"),
    ],
)
def test_separator_that_cannot_be_told_is_a_doubt(tmp_path: Path, text: str, doubt: str) -> None:
    """One column, or two marks that cut as evenly, is for a person to decide."""
    assert doubt in _codes(_sample(tmp_path, text.encode()))


def test_line_ends_inside_quotes_are_found(tmp_path: Path) -> None:
    """A note over two lines is one cell, and the mapping must allow it."""
    sample = _sample(tmp_path, b'a;b\n1;"x\ny"\n2;z\n3;"v\nw"\n')

    assert (sample.reading["quoted_newlines"], sample.rows) == (
        True,
        (("1", "x\ny"), ("2", "z"), ("3", "v\nw")),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"TREA12345678;2024-09-03\nGAGL12345678;2024-09-04\n", "the first line looks like data"),
        (b"1;2;3\n4;5;6\n", "the first line looks like data"),
        (b"sep=;\na;b\n1;2\n", "the first line only names the separator"),
        (b"", "the file is empty"),
    ],
)
def test_file_without_a_header_is_refused_and_shows_no_cell(
    tmp_path: Path, content: bytes, message: str
) -> None:
    """A first line of data is never taken for names of columns, and never shown."""
    with pytest.raises(ExtractError, match=message) as refused:
        _sample(tmp_path, content)

    assert "TREA" not in str(refused.value)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_large_file_is_looked_at_in_three_places(tmp_path: Path, name: str) -> None:
    """Of a large file the start, the middle and the end are looked at, in whole lines, and no more."""
    lines = [f"{n};{'x' * 90}é" for n in range(200_000)]
    content = ("n;note\n" + "\n".join(lines) + "\n").encode("cp1252")
    sample = _sample(tmp_path, gzip.compress(content, 1) if name.endswith("gz") else content, name)

    numbers = [int(row[0]) for row in sample.rows]
    assert (sample.reading["encoding"], sample.is_whole) == ("cp1252", False)
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (0, 199_999)
    assert any(80_000 < number < 120_000 for number in numbers)
    assert len(numbers) <= 60_000


def test_uneven_lines_are_counted(tmp_path: Path) -> None:
    """Lines that an intake would hold back are told before it."""
    sample = _sample(tmp_path, b"a;b\n" + b"1;2\n" * 50 + b"3\n4;5;6\n")

    assert [d.sentence("en") for d in sample.doubts if d.code == "uneven_lines"] == [
        "2 of the lines looked at have too many or too few cells"
    ]

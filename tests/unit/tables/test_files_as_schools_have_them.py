"""The same thousand records come in, however a school writes them; what cannot be exact waits."""

from __future__ import annotations

import gzip
import unicodedata
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables import TableIntake
from tests.builders.intake import Network, declare, reasons

CONTRACT = """
[network]
name = "tiny"
unit = ["student_id"]
student = "student_id"
membership = "marks"
school = "school_id"
starts_on = "marked_on"
left_on = "marked_on"
[network.periods]
starts = "07-01"

[tables.marks]
grain = "one row per student"
key = ["student_id"]
known_on = "marked_on"
[tables.marks.columns]
student_id = { type = "id", required = true }
school_id = { type = "id", required = true }
subject = { type = "text" }
marked_on = { type = "date", required = true }
mark = { type = "number", decimals = 2 }
"""
EXTRACTS = """
[defaults]
encoding = "{encoding}"
separator = "{separator}"
decimal = ","
thousands = " "
missing = ["", "ABS", "NE", "EX"]
[[extract]]
table = "marks"
file = "{file}"
{more}
[extract.columns]
student_id = "Élève"
school_id = "École"
subject = "Matière"
marked_on = {{ from = "Date", format = "%d/%m/%Y" }}
mark = "Résultat"
"""
SUBJECTS = ("Français", "Mathématique", "Éthique", "Géographie", "Arts où l’élève crée", "à ñ ü ç œuvre")
N_RECORDS = 1_000


def _texts() -> list[tuple[str, str, str, str, str]]:
    """Return a thousand records as a school writes them, header apart."""
    marks = ("72,5", "1 234,5", "0", "", "ABS", "-3,25")
    return [
        (
            "NA" if number == 7 else f"{number:07d}",
            f"{number % 9:03d}",
            SUBJECTS[number % len(SUBJECTS)],
            f"{number % 28 + 1:02d}/03/2026",
            marks[number % len(marks)],
        )
        for number in range(N_RECORDS)
    ]


def _content(separator: str, ends: str, *, space: str = " ", last_end: bool = True) -> str:
    rows = [("Élève", "École", "Matière", "Date", "Résultat"), *_texts()]
    text = ends.join(separator.join(row) for row in rows).replace("1 234", f"1{space}234")
    return text + ends * last_end


def _take_in(
    home: Path,
    content: bytes,
    *,
    encoding: str = "utf-8",
    separator: str = ";",
    file: str = "marks.csv",
    more: str = "",
) -> tuple[Network, TableIntake]:
    written = separator.replace("\t", "\\t")
    extracts = EXTRACTS.format(encoding=encoding, separator=written, file=file, more=more)
    network = declare(home, CONTRACT, extracts)
    return network, network.take_in({file: content}).tables[0]


def _stored(network: Network) -> list[tuple[object, ...]]:
    return network.rows("SELECT student_id, school_id, subject, mark FROM versions.marks ORDER BY line")


def _expected(subjects: tuple[str, ...] = SUBJECTS) -> list[tuple[object, ...]]:
    marks = (Decimal("72.50"), Decimal("1234.50"), Decimal("0.00"), None, None, Decimal("-3.25"))
    return [
        (student, school, subjects[number % len(subjects)], marks[number % len(marks)])
        for number, (student, school, *_) in enumerate(_texts())
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_thousand_records_are_read_exactly(tmp_path: Path, encoding: str, separator: str, ends: str) -> None:
    """Every encoding, separator and line end that schools use gives the same records."""
    content = _content(separator, ends)
    if separator == ",":
        content = content.replace("72,5", '"72,5"').replace("234,5", '234,5"').replace(",1 234", ',"1 234')
        content = content.replace("-3,25", '"-3,25"')

    network, intake = _take_in(tmp_path, content.encode(encoding), encoding=encoding, separator=separator)

    assert (intake.n_new, intake.n_quarantined) == (N_RECORDS, 0)
    assert _stored(network) == _expected()


@pytest.mark.parametrize("encoding", ["cp850", "mac_roman", "latin-1"])
def test_older_encodings_are_read_where_declared(tmp_path: Path, encoding: str) -> None:
    """DOS, Macintosh and Latin-1 files come in as what they say, once they are declared."""
    content = _content(";", "\r\n").replace("’", "'").replace("œ", "oe")
    subjects = tuple(subject.replace("’", "'").replace("œ", "oe") for subject in SUBJECTS)

    network, intake = _take_in(tmp_path, content.encode(encoding), encoding=encoding)

    assert intake.n_new == N_RECORDS
    assert _stored(network) == _expected(subjects)


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ("utf-8", "cp1252"),
        ("cp1252", "utf-8"),
        ("cp850", "cp1252"),
        ("mac_roman", "cp1252"),
        ("cp1252", "cp850"),
        ("utf-8", "cp850"),
        ("utf-8", "latin-1"),
        ("utf-16", "utf-8"),
        ("utf-16", "cp1252"),
        ("utf-8", "utf-16"),
        ("utf-8", "ascii"),
    ],
)
def test_wrongly_declared_encoding_is_refused(tmp_path: Path, written: str, declared: str) -> None:
    """A file in another encoding than declared is refused and the line is named; nothing is garbled."""
    content = _content(";", "\r\n").replace("à ñ ü ç œuvre", "année").encode(written, errors="replace")

    with pytest.raises(ExtractError, match=r"line \d+"):
        _take_in(tmp_path, content, encoding=declared)


def test_only_lines_that_two_encodings_write_differently_wait(tmp_path: Path) -> None:
    """Windows text declared as Latin-1 keeps the lines that are the same in both, and no other."""
    content = _content(";", "\r\n")
    lines = content.split("\r\n")
    differing = [number for number, line in enumerate(lines, start=1) if "’" in line or "œ" in line]

    _, intake = _take_in(tmp_path, content.encode("cp1252"), encoding="latin-1")

    assert reasons(intake) == {"row:other_encoding": tuple(differing)}


def test_lines_of_another_encoding_wait_alone(tmp_path: Path) -> None:
    """Where two systems wrote one file, the lines of the other encoding wait, and the rest is exact."""
    lines = _content(";", "\n").encode("cp1252").splitlines(keepends=True)
    for place in (10, 11, 12):
        lines[place] = lines[place].decode("cp1252").encode("utf-8")

    network, intake = _take_in(tmp_path, b"".join(lines), encoding="cp1252")

    accented = [place + 1 for place in (10, 11, 12) if not lines[place].isascii()]
    assert reasons(intake) == {"row:other_encoding": tuple(accented)}
    assert {row[2] for row in _stored(network)} <= set(SUBJECTS)


def test_text_decoded_twice_waits(tmp_path: Path) -> None:
    """A cell that an earlier program garbled is never stored as if somebody had typed it."""
    lines = _content(";", "\n").split("\n")
    lines[3] = lines[3].replace("Éthique", "Éthique".encode().decode("cp1252"))
    lines[4] = lines[4].replace("Géographie", "G\ufffdographie")

    network, intake = _take_in(tmp_path, "\n".join(lines).encode())

    assert reasons(intake) == {"row:decoded_twice": (4,), "row:lost_character": (5,)}
    assert all("Ã" not in str(row[2]) and "\ufffd" not in str(row[2]) for row in _stored(network))


def test_accents_written_apart_are_the_same_letters(tmp_path: Path) -> None:
    """A file from a Macintosh, whose accents stand beside their letters, gives the same records."""
    content = unicodedata.normalize("NFD", _content(";", "\n").split("\n", 1)[1])
    header = _content(";", "\n").split("\n", 1)[0]

    network, _ = _take_in(tmp_path, f"{header}\n{content}".encode())

    assert _stored(network) == _expected()


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", " "])
def test_thousands_are_read_whatever_their_space(tmp_path: Path, space: str) -> None:
    """Plain, no-break and narrow no-break spaces part thousands alike."""
    network, intake = _take_in(tmp_path, _content(";", "\n", space=space).encode())

    assert intake.n_new == N_RECORDS
    assert _stored(network) == _expected()


def test_compressed_files_are_read_as_what_they_hold(tmp_path: Path) -> None:
    """A .gz file, and the files inside a .zip file, give the same records."""
    content = _content(";", "\r\n").encode("cp1252")
    with zipfile.ZipFile(tmp_path / "made.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("envoi/notes_1.csv", content)
        archive.writestr("envoi/lisez-moi.txt", "Bonjour")
    zipped = (tmp_path / "made.zip").read_bytes()

    gz, _ = _take_in(tmp_path / "gz", gzip.compress(content), encoding="cp1252", file="marks.csv.gz")
    zipped_network, intake = _take_in(
        tmp_path / "zip", zipped, encoding="cp1252", file="envoi.zip", more='member = "*/notes_*.csv"'
    )

    assert _stored(gz) == _stored(zipped_network) == _expected()
    assert intake.n_read == N_RECORDS


@pytest.mark.parametrize("content", [b"PK\x03\x04damaged", b""])
def test_damaged_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    """A .zip file that is cut or is none is refused."""
    with pytest.raises(ExtractError, match=r"not a \.zip file or is damaged"):
        _take_in(tmp_path, content, file="envoi.zip", more='member = "*.csv"')


def test_separators_at_the_end_of_lines_shift_nothing(tmp_path: Path) -> None:
    """Lines that end in a separator that the header lacks, or the reverse, are read exactly."""
    header, _, body = _content(";", "\n").partition("\n")
    more = f"{header}\n{body.replace(chr(10), ';' + chr(10))}"
    less = f"{header};\n{body}"

    of_more, _ = _take_in(tmp_path / "more", more.encode())
    of_less, _ = _take_in(tmp_path / "less", less.encode())

    assert _stored(of_more) == _stored(of_less) == _expected()


def test_one_cell_too_many_after_trailing_separators_waits(tmp_path: Path) -> None:
    """Where lines end in a separator, a line with text after it waits."""
    header, _, body = _content(";", "\n").partition("\n")
    lines = [f"{line};" for line in body.split("\n")[:-1]]
    lines[1] += "de trop"

    _, intake = _take_in(tmp_path, "\n".join([header, *lines]).encode())

    assert reasons(intake) == {"row:ragged": (3,)}


def test_glued_file_of_the_same_columns_is_read(tmp_path: Path) -> None:
    """A second header in the middle waits as one line, and what follows is read."""
    first, second = _content(";", "\n").split("\n")[:11], _content(";", "\n").split("\n")[11:21]
    glued = "\n".join([*first, first[0], *second]) + "\n"

    _, intake = _take_in(tmp_path, glued.encode())

    assert (intake.n_new, reasons(intake)) == (20, {"row:repeated_header": (12,)})


def test_glued_file_of_other_columns_is_refused(tmp_path: Path) -> None:
    """A second header with the columns in another order refuses the file and names the line."""
    lines = _content(";", "\n").split("\n")[:11]
    other = ";".join(reversed(lines[0].split(";")))

    with pytest.raises(ExtractError, match="line 12 is a header of other columns"):
        _take_in(tmp_path, "\n".join([*lines, other, *lines[1:3]]).encode())


def test_cut_last_line_waits(tmp_path: Path) -> None:
    """A file cut in the middle of a line holds that line back."""
    content = _content(";", "\n").encode()[:-9]

    _, intake = _take_in(tmp_path, content)

    assert reasons(intake) == {"row:ragged": (N_RECORDS + 1,)}
    assert intake.n_new == N_RECORDS - 1


def test_nul_holds_back_its_own_line(tmp_path: Path) -> None:
    """A NUL character waits with its line and never reaches the database."""
    lines = _content(";", "\n").encode().split(b"\n")
    lines[5] = lines[5].replace(b"0", b"\x00", 1)

    _, intake = _take_in(tmp_path, b"\n".join(lines))

    assert reasons(intake) == {"row:nul": (6,)}


def test_separators_at_the_end_of_some_lines_shift_nothing(tmp_path: Path) -> None:
    """Whichever lines end in a separator, every record is read exactly and in order."""
    header, *lines = _content(";", "\n").split("\n")[:-1]
    some = [line + ";" if number % 3 == 1 else line for number, line in enumerate(lines)]
    most = [line + ";" if number % 3 != 1 else line for number, line in enumerate(lines)]

    of_some, _ = _take_in(tmp_path / "some", "\n".join([header, *some]).encode())
    of_most, _ = _take_in(tmp_path / "most", "\n".join([header, *most]).encode())

    assert _stored(of_some) == _stored(of_most) == _expected()

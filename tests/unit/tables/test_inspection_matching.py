"""Columns are matched to a contract by known words and fitting cells; the rest is marked or left out."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables import Contract, load_contract
from earlywarn.tables.inspection import Inspection, inspect_files
from tests.builders.intake import CONTRACT, declare

WITH_FRENCH = """Fiche;Date de l'absence;Date de saisie;Motif d'absence;Durée (jours);Nom de l'élève
100001;31/01/2025;13/02/2025;M;0,5;Zaphod
100002;30/01/2025;14/02/2025;N;1;Tricia
"""


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """Return a small contract of stays and absences."""
    network = declare(tmp_path_factory.mktemp("n"), contract=CONTRACT)
    return load_contract(network.home / "network" / "contract.toml")


def _inspect(tmp_path: Path, contract: Contract | None, **files: str) -> Inspection:
    paths = []
    for name, text in files.items():
        path = tmp_path / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return inspect_files(paths, contract)


def _columns(inspection: Inspection) -> dict[str, tuple[str, bool]]:
    (extract,) = inspection.proposal.extracts
    return {column.name: (column.header, bool(column.doubts)) for column in extract.columns}


def test_known_french_words_are_matched_surely(tmp_path: Path, contract: Contract) -> None:
    """Words that school systems use are known; a column of names is left out and said to be one."""
    inspection = _inspect(tmp_path, contract, absences=WITH_FRENCH)

    assert _columns(inspection) == {
        "student_id": ("Fiche", False),
        "happened_on": ("Date de l'absence", False),
        "recorded_on": ("Date de saisie", False),
        "category": ("Motif d'absence", False),
        "days": ("Durée (jours)", False),
    }
    said = inspection.extracts_toml("en")
    assert (
        '"Nom de l\'élève",  # unsure: named like an identity (family name) and not looking like one' in said
    )
    assert "Zaphod" not in said


def test_oneroster_words_are_matched(tmp_path: Path, contract: Contract) -> None:
    """The columns of the common exchange format are known by their names."""
    header = "sourcedId,userSourcedId,schoolSourcedId,beginDate,endDate"
    text = f"{header}\nx1,u1,s1,2025-01-31,\nx2,u2,s1,2025-01-30,2025-02-01\n"

    columns = _columns(_inspect(tmp_path, contract, enrollments=text))

    assert columns == {
        "student_id": ("userSourcedId", False),
        "school_id": ("schoolSourcedId", False),
        "starts_on": ("beginDate", False),
        "left_on": ("endDate", False),
    }


@pytest.mark.parametrize(
    ("header", "column", "doubt"),
    [
        ("Durée jours abs", "days", "likely_column"),
        ("Student Numbr", "student_id", "likely_column"),
    ],
)
def test_likeness_alone_is_always_unsure(
    tmp_path: Path, contract: Contract, header: str, column: str, doubt: str
) -> None:
    """A word that only resembles a known one is proposed and marked."""
    known = {"student_id": "Fiche", "days": "Durée (jours)"}[column]
    inspection = _inspect(tmp_path, contract, absences=WITH_FRENCH.replace(known, header, 1))

    (extract,) = inspection.proposal.extracts
    found = next(c for c in extract.columns if c.name == column)
    assert (found.header, [d.code for d in found.doubts]) == (header, [doubt])


def test_cells_of_another_kind_forbid_a_match(tmp_path: Path, contract: Contract) -> None:
    """A column called a date that holds none is not the date, so the extract stays a comment and says why."""
    inspection = _inspect(
        tmp_path,
        contract,
        absences=WITH_FRENCH.replace("31/01/2025;", "lundi;").replace("30/01/2025;", "mardi;"),
    )

    text = inspection.extracts_toml("en")
    assert "# unsure: no column found for happened_on, which the contract requires" in text
    assert [line for line in text.splitlines() if line and not line.startswith(("#", "[defaults"))] == []


def test_two_columns_with_the_same_claim_are_unsure(tmp_path: Path, contract: Contract) -> None:
    """Where two columns could be the day of the absence, one is proposed and the other named."""
    text = "Fiche;Date;Jour;Motif d'absence\n1;31/01/2025;30/01/2025;M\n2;28/02/2025;27/02/2025;N\n"

    inspection = _inspect(tmp_path, contract, absences=text)

    (extract,) = inspection.proposal.extracts
    column = next(c for c in extract.columns if c.name == "happened_on")
    assert [d.sentence("en") for d in column.doubts] == ["'Jour' would fit 'happened_on' almost as well"]
    assert [(i.header, i.doubt.code) for i in extract.ignored] == [("Jour", "no_column")]


def test_values_past_the_limits_are_another_unit(tmp_path: Path, contract: Contract) -> None:
    """Minutes where the contract wants a share of a day: the name fits and the values do not."""
    text = WITH_FRENCH.replace(";0,5;", ";150;").replace(";1;", ";300;")

    inspection = _inspect(tmp_path, contract, absences=text)

    said = "Durée (jours): usual values break the limits of 'days': another unit?"
    assert said in inspection.report("en")


def test_single_letters_are_suggested_and_marked(tmp_path: Path, contract: Contract) -> None:
    """M may stand for many things; a word may not; a code that nothing resembles stands as a comment."""
    more = "100003;29/01/2025;14/02/2025;non motivée;1;X\n100004;29/01/2025;14/02/2025;QZ;1;Y\n"

    lines = _inspect(tmp_path, contract, absences=WITH_FRENCH + more * 5).extracts_toml("en").splitlines()

    assert '"M" = "excused"  # unsure: likely, but this code could say something else' in lines
    assert '"non motivée" = "unexcused"' in lines
    assert '# "QZ" = ?  # unsure: no value of the contract fits' in lines


def test_texts_of_a_short_file_are_shown_where_they_are_known_words_only(
    tmp_path: Path, contract: Contract
) -> None:
    """In four lines a text may be a remark about a child: it is counted, and never shown."""
    more = "100003;29/01/2025;14/02/2025;grippe;1;X\n100004;29/01/2025;14/02/2025;Zaphod;1;Y\n"

    text = _inspect(tmp_path, contract, absences=WITH_FRENCH + more).extracts_toml("en")

    assert '"M" = "excused"' in text
    assert "2 other text(s) are not shown and would wait" in text
    assert "grippe" not in text


def test_like_files_become_one_pattern(tmp_path: Path, contract: Contract) -> None:
    """Files of several years with one shape are one extract; a file of another shape is not drawn in."""
    files = {f"absences_{year}-{year + 1}": WITH_FRENCH for year in (2023, 2024)}

    alone = _inspect(tmp_path, contract, **files)
    mixed = _inspect(tmp_path, contract, **files, absences_2022="Fiche;Date\n1;31/01/2025\n")

    assert [extract.file for extract in alone.proposal.extracts] == ["absences_*.csv"]
    assert sorted(extract.file for extract in mixed.proposal.extracts) == [
        "absences_2022.csv",
        "absences_2023-2024.csv",
        "absences_2024-2025.csv",
    ]


def test_files_of_plain_letters_are_taken_as_the_others(tmp_path: Path, contract: Contract) -> None:
    """A year without accents is read as the other years are, and that is said."""
    (tmp_path / "absences_2023.csv").write_bytes(WITH_FRENCH.encode("cp1252"))
    plain = WITH_FRENCH.replace("élève", "eleve").replace("Durée", "Duree")
    (tmp_path / "stays.csv").write_text(plain, encoding="ascii")

    inspection = inspect_files([tmp_path / "absences_2023.csv", tmp_path / "stays.csv"], contract)

    assert {str(extract.reading["encoding"]) for extract in inspection.proposal.extracts} == {"cp1252"}
    assert "only letters without accents: taken as in the other files (cp1252)" in inspection.report("en")


def test_workbook_of_several_sheets_gives_an_extract_each(tmp_path: Path, contract: Contract) -> None:
    """Each filled sheet is proposed by its name; a title above the header is stepped over, and said."""
    book = openpyxl.Workbook()
    book.active.title = "Absences"
    for row in [
        ("École X",),
        (),
        ("Fiche", "Date", "Motif d'absence", "Durée (jours)"),
        ("0012", "31/01/2025", "M", 0.5),
    ]:
        book.active.append(row)
    stays = book.create_sheet("Fréquentations")
    for row in [("Fiche", "Code école", "Date de début"), ("0012", "001", "2024-08-30")]:
        stays.append(row)
    book.save(tmp_path / "gpi.xlsx")

    inspection = inspect_files([tmp_path / "gpi.xlsx"], contract)

    found = {extract.table: dict(extract.reading) for extract in inspection.proposal.extracts}
    assert found == {
        "absences": {
            "format": "xlsx",
            "sheet": "Absences",
            "header_row": 3,
            "date_format": "%d/%m/%Y",
            "decimal": ".",
        },
        "enrollments": {"format": "xlsx", "sheet": "Fréquentations", "date_format": "%Y-%m-%d"},
    }
    assert (
        "header_row = 3  # unsure: rows stand above the header; check that this is it"
        in inspection.extracts_toml("en")
    )


def test_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path, contract: Contract) -> None:
    """One bad file among many is named; only where none can be read is it an error."""
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    (tmp_path / "absences.csv").write_text(WITH_FRENCH, encoding="utf-8")

    inspection = inspect_files([tmp_path / "old.xls", tmp_path / "absences.csv"], contract)

    assert "old.xls: not read: the file is an old .xls workbook" in inspection.report("en")
    with pytest.raises(ExtractError, match=r"the file is an old \.xls workbook"):
        inspect_files([tmp_path / "old.xls"], contract)


def test_every_doubt_has_words_in_both_languages(tmp_path: Path, contract: Contract) -> None:
    """What is unsure is said in French as in English, with the same marks in the file."""
    inspection = _inspect(tmp_path, contract, absences=WITH_FRENCH, other="a;b\n1;2\n")

    english, french = (inspection.extracts_toml(language) for language in ("en", "fr"))
    assert english.count("# unsure: ") == french.count("# unsure: ") > 0
    assert "other.csv\u00a0: ne ressemble à aucune table du contrat" in inspection.report("fr")

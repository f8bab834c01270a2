"""A proposal loads and takes the files in; what it does not know it marks; it shows nobody."""

from __future__ import annotations

import csv
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from earlywarn.cli import app
from earlywarn.errors import DeclarationError
from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.inspect import inspect
from earlywarn.synthetic import synthesize
from earlywarn.tables import IntakeReport, load_contract, load_extracts
from earlywarn.tables.inspection import Inspection, inspect_files
from earlywarn.workspace import Workspace
from tests.builders import inspected

DAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the raw files of a small invented network, as a school system would export them."""
    folder = tmp_path_factory.mktemp("files")
    synthesize(folder, n_students=2_000, n_school_years=3, until=DAY, seed=1)
    return folder


@pytest.fixture(scope="module")
def quebec(project: Path) -> Path:
    """Return the folder of the network that people declared for such files."""
    return project / "models" / "quebec"


def _paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.csv"))


def _taken_in(network: Path, files: Path, home: Path) -> tuple[IntakeReport, Workspace]:
    workspace = Workspace(home / "workspace")
    report = ingest(network, files, workspace, received_on=DAY, backfill=True, keys=home / "keys")
    return report, workspace


def test_raw_files_get_the_mapping_that_people_made(
    files: Path, quebec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every declared column and rule is proposed, none wrong; what is taken in is the same."""
    contract = load_contract(quebec / "contract.toml")
    truth = load_extracts(quebec / "extracts.toml", contract)

    inspection = inspect_files(_paths(files), contract)

    folder = inspected.declared(tmp_path, inspection, (quebec / "contract.toml").read_text(encoding="utf-8"))
    _, extracts = inspected.loaded(folder)
    found = inspected.verdicts(inspection, extracts, truth)
    with capsys.disabled():
        print(f"\nquebec: {dict(found)}")  # noqa: T201
    n_columns = sum(len(extract.columns) for extract in truth.extract)
    assert found["wrong"] == found["invented"] == 0
    assert found["right"] + found["right, unsure"] == n_columns
    assert found["right"] > 0.8 * n_columns
    proposed, _ = _taken_in(folder, files, tmp_path / "proposed")
    declared, _ = _taken_in(quebec, files, tmp_path / "declared")
    assert [table.counts() for table in proposed.tables] == [table.counts() for table in declared.tables]


def _bare(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _snake(header: str) -> str:
    return re.sub(r"\W+", "_", _bare(header)).strip("_").upper()


def _camel(header: str) -> str:
    first, *others = re.findall(r"\w+", _bare(header))
    return "".join([str(first).lower(), *(str(word).capitalize() for word in others)])


def _short(header: str) -> str:
    return _snake(header).replace("DATE_DE", "DT").replace("CODE", "CD").replace("GROUPE", "GR")


def _cut(header: str) -> str:
    return _snake(header)[:10]


def _headings(folder: Path, files: Path, style: Callable[[str], str]) -> Iterator[Path]:
    for path in _paths(files):
        header, _, rows = path.read_bytes().partition(b"\n")
        styled = ";".join(style(name) for name in header.decode("cp1252").strip().split(";"))
        (folder / path.name).write_bytes(styled.encode("cp1252") + b"\n" + rows)
        yield folder / path.name


@pytest.mark.parametrize(("style", "least"), [(_snake, 1.0), (_camel, 1.0), (_short, 1.0), (_cut, 0.3)])
def test_headers_in_other_styles_are_never_taken_wrong(
    files: Path, quebec: Path, tmp_path: Path, style: Callable[[str], str], least: float
) -> None:
    """Capitals, joined words, short forms: the same columns; cut to ten letters, fewer, and none wrong."""
    contract = load_contract(quebec / "contract.toml")
    truth = load_extracts(quebec / "extracts.toml", contract)
    by_table = {e.table: {name: style(str(s.from_)) for name, s in e.columns.items()} for e in truth.extract}

    inspection = inspect_files(list(_headings(tmp_path, files, style)), contract)

    verdicts: Counter[bool] = Counter(
        column.header == by_table[extract.table].get(column.name)
        for extract in inspection.proposal.extracts
        for column in extract.columns
    )
    assert verdicts[False] == 0
    assert verdicts[True] >= least * sum(map(len, by_table.values()))


DATA = {
    "uci320": ["uci320/student-mat.csv", "uci320/student-por_G3binarised.csv"],
    "uci697": ["uci697/uci697_train3539.csv.gz"],
    "star": ["star_k12/star_64schools_K-2.csv.gz", "star_k12/egsingle_60schools.csv.gz"],
    "oulad": [
        "oulad/studentInfo.csv.gz",
        "oulad/studentRegistration.csv.gz",
        "oulad/vle_clicks_by_stage.parquet",
    ],
    "schools": ["quebec_schools/ecoles.csv.gz", "quebec_schools/immeubles.csv.gz"],
}


@pytest.mark.parametrize("name", DATA)
def test_unknown_real_files_are_taken_in_as_proposed(
    real_data: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any contract, the drafted one and the mapping load, and nearly every row is accepted."""
    folder = tmp_path / "files"
    folder.mkdir()
    paths = [real_data / file for file in DATA[name]]
    for path in paths:
        (folder / path.name).symlink_to(path)

    inspection = inspect(paths, out=tmp_path / "network" / "extracts.toml")

    inspected.loaded(tmp_path / "network")
    report, _ = _taken_in(tmp_path / "network", folder, tmp_path)
    n_read = sum(table.n_read for table in report.tables)
    with capsys.disabled():
        print(f"\n{name}: {n_read} rows, {report.n_quarantined} quarantined")  # noqa: T201
    assert len(report.tables) == len(paths)
    assert report.n_quarantined <= 0.001 * n_read
    assert inspection.draft is not None


def test_courses_are_matched_without_an_error(
    real_data: Path, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a contract of courses, what is proposed is right, and what is not known is left out."""
    folder = project / "models" / "oulad"
    contract = load_contract(folder / "contract.toml")

    inspection = inspect_files(sorted((real_data / "oulad").iterdir()), contract)

    text = (folder / "contract.toml").read_text(encoding="utf-8")
    _, extracts = inspected.loaded(inspected.declared(tmp_path, inspection, text))
    found = inspected.verdicts(inspection, extracts, load_extracts(folder / "extracts.toml", contract))
    with capsys.disabled():
        print(f"\noulad: {dict(found)}")  # noqa: T201
    assert found["wrong"] == found["invented"] == 0
    assert found["right"] >= 36


@pytest.mark.parametrize(
    ("network", "files"),
    [
        ("uci320", DATA["uci320"]),
        ("uci697", DATA["uci697"]),
        ("star", DATA["star"]),
        ("quebec", DATA["schools"]),
    ],
)
def test_nothing_is_taken_wrong_without_a_mark(
    real_data: Path, project: Path, network: str, files: list[str]
) -> None:
    """Files with few known words, or of another network: what is proposed is right, marked, or left out."""
    folder = project / "models" / network
    contract = load_contract(folder / "contract.toml")
    truth = load_extracts(folder / "extracts.toml", contract)
    wanted = {
        (extract.table, name, source.from_)
        for extract in truth.extract
        for name, source in extract.columns.items()
    }

    proposal = inspect_files([real_data / file for file in files], contract).proposal

    unmarked = {
        (extract.table, column.name, column.header)
        for extract in proposal.extracts
        if not extract.missing
        for column in extract.columns
        if not column.doubts
    }
    assert unmarked <= wanted


def _people(files: Path) -> set[str]:
    people: set[str] = set()
    for name in ("eleves.csv", "personnel.csv"):
        with (files / name).open(encoding="cp1252", newline="") as handle:
            for row in csv.DictReader(handle, delimiter=";"):
                people |= {
                    str(row.get(key)) for key in ("Code permanent", "Nom", "Prénom", "Date de naissance")
                }
    return people - {"None", ""}


def _said(inspection: Inspection) -> str:
    texts = [inspection.contract_toml("fr") or ""]
    for language in ("fr", "en"):
        texts += [inspection.extracts_toml(language), inspection.report(language)]
    return "\n".join(texts)


@pytest.mark.parametrize("hidden", [False, True], ids=["named", "nameless headers"])
def test_nobody_is_shown(files: Path, tmp_path: Path, hidden: bool) -> None:
    """No name, code or birth date of a person stands in what is said, even under headers c1, c2."""
    people = _people(files)
    paths = _paths(files)
    if hidden:
        counter = iter(range(10_000))
        paths = list(_headings(tmp_path, files, lambda _: f"c{next(counter)}"))

    said = _said(inspect_files(paths))

    words = set(re.findall(r"[\w-]+", said))
    assert len(people) > 2_000
    assert sorted(people & words) == []


def test_other_formats_of_a_file_get_the_same_mapping(files: Path, quebec: Path, tmp_path: Path) -> None:
    """A file saved as a workbook or as Parquet gives the same columns and codes as the text file."""
    contract = load_contract(quebec / "contract.toml")
    source = files / "frequentations.csv"
    with source.open(encoding="cp1252", newline="") as handle:
        rows = list(csv.reader(handle, delimiter=";"))
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "frequentations.xlsx")
    options = pa_csv.ConvertOptions(column_types=dict.fromkeys(rows[0], "string"))
    table = pa_csv.read_csv(
        source, pa_csv.ReadOptions(encoding="cp1252"), pa_csv.ParseOptions(delimiter=";"), options
    )
    pq.write_table(table, tmp_path / "frequentations.parquet")

    paths = [source, tmp_path / "frequentations.xlsx", tmp_path / "frequentations.parquet"]
    proposed = [inspect_files([path], contract).proposal.extracts[0] for path in paths]

    assert proposed[0].columns == proposed[1].columns == proposed[2].columns
    assert [extract.reading.get("format") for extract in proposed] == [None, "xlsx", "parquet"]


def test_command_prints_the_mapping_and_says_the_rest_apart(
    files: Path, project: Path, tmp_path: Path
) -> None:
    """What is printed can be kept as extracts.toml; what is unsure is said beside it, in French if wished."""
    command = [
        "inspect",
        str(files / "absences_2026-2027.csv"),
        "--network",
        str(project / "models" / "quebec"),
    ]

    answer = CliRunner().invoke(app, [*command, "--french"])

    assert answer.exit_code == 0, answer.output
    assert tomllib.loads(answer.stdout)["extract"][0]["table"] == "absences"
    assert "absences_2026-2027.csv → absences\u00a0: 6 colonnes sur 6" in answer.stderr


def test_page_shows_what_is_printed(files: Path, quebec: Path, project: Path) -> None:
    """The mapping and the list on docs/inspect.md are those that the command gives."""
    page = (project / "docs" / "inspect.md").read_text(encoding="utf-8")
    paths = [*sorted(files.glob("absences_*.csv")), files / "personnel.csv"]

    inspection = inspect_files(paths, load_contract(quebec / "contract.toml"))

    assert f"```toml\n{inspection.extracts_toml('en')}```" in page
    assert f"```\n{inspection.report('en')}\n```" in page


def test_folder_means_its_files(tmp_path: Path) -> None:
    """A folder is looked into, hidden files left apart; what cannot be read in it is named."""
    for name, text in (
        ("b.csv", "x;y\n1;2\n"),
        ("a.csv", "x;y\n1;2\n"),
        (".c.csv", "x;y\n1;2\n"),
        ("d.pdf", "%"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")

    proposal = inspect([tmp_path]).proposal

    assert [extract.file for extract in proposal.extracts] == ["a.csv", "b.csv"]
    assert [file for file, _ in proposal.unmatched] == ["d.pdf"]


def test_command_writes_both_files_and_overwrites_none(files: Path, tmp_path: Path) -> None:
    """A proposal that was mended by hand is never overwritten by a second look."""
    out = tmp_path / "models" / "extracts.toml"

    inspect([files / "eleves.csv"], out=out)

    inspected.loaded(out.parent)
    with pytest.raises(DeclarationError, match="there is such a file already"):
        inspect([files / "eleves.csv"], out=out)

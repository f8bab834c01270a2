"""An intake's report says where every row went, in both languages, and shows nobody's value."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import duckdb
import pytest

from earlywarn.domain import Language
from earlywarn.errors import ExtractError
from earlywarn.tables import Column, IntakeReport, TableIntake, conversion
from earlywarn.tables.drift import DriftRules
from earlywarn.tables.reading import decoding
from earlywarn.tables.report import (
    REASONS,
    FileIntake,
    LeftOut,
    Reason,
    Refusal,
    has_shape,
    shape_sql,
)
from earlywarn.tables.report.refusals import FRENCH, has_french, refusal_text
from tests.builders.intake import HEADER, Network, declare

NO_BREAK = "\u00a0"
ROOM = Path(conversion.__file__).parent
NO_HEADER = Refusal("a.csv", "absences", "the file has no header", "export the file again")


@dataclass(frozen=True)
class Found:
    """What a rule about files found, as a rule would say it."""

    level: Literal["stop", "warn", "note"]
    said: str
    table: str = "schools"
    name: str = "schools:fewer_rows"

    def sentence(self, language: Language) -> str:
        """Say it."""
        return self.said


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return the small network."""
    return declare(tmp_path)


def invented(**changes: object) -> IntakeReport:
    """Return a report on three files and two tables, with what is changed."""
    absences = TableIntake(
        "absences",
        n_read=120_000,
        n_new=119_960,
        n_superseding=8,
        n_quarantined=31,
        n_duplicates=1,
        reasons=(
            Reason("a.csv", "happened_on", "not_a_date", 30, tuple(range(2, 32)), ("9999.99.99",)),
            Reason("b.csv", "row", "ragged", 1, (7,)),
        ),
    )
    known: dict[str, object] = {
        "network": "tiny",
        "batch": 3,
        "received_on": date(2026, 3, 1),
        "backfill": False,
        "tables": (absences, TableIntake("schools", n_read=431, n_unchanged=431)),
        "files": (
            FileIntake(
                "a.csv", "absences", "ab" * 32, 90_000, "csv", "cp1252", ";", (("happened_on", "Date"),)
            ),
            FileIntake("b.csv", "absences", "cd" * 32, 30_000, "csv", "utf-8", "\t"),
            FileIntake("s.parquet", "schools", "ef" * 32, 431, "parquet"),
        ),
        "labels": (("schools", "écoles", "schools"),),
    }
    return IntakeReport(**{**known, **changes})  # type: ignore[arg-type]


class Reader(HTMLParser):
    """Collect what a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.language = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag, its links and the page's language."""
        self.tags.append(tag)
        named = dict(attrs)
        self.links += [value for name in ("href", "src", "action") if (value := named.get(name))]
        self.language = named.get("lang") or self.language if tag == "html" else self.language

    def handle_data(self, data: str) -> None:
        """Keep the text, with plain spaces."""
        self.text += data.replace(NO_BREAK, " ")


def test_the_first_sentence_says_it_all() -> None:
    """Files, rows and where they went stand in one sentence, typed as each language does."""
    report = invented()

    french = report.as_text("fr").splitlines()[0]
    english = report.as_text("en").splitlines()[0]

    assert french.replace(NO_BREAK, " ") == (
        "3 fichiers lus, 120 431 lignes : 120 399 acceptées, 31 en attente, 1 doublon."
    )
    assert english == "3 files read, 120,431 rows: 120,399 accepted, 31 waiting, 1 duplicate."
    assert f"120{NO_BREAK}431{NO_BREAK}lignes" in french


def test_rows_left_out_are_part_of_the_equation() -> None:
    """A row that a declared rule leaves out is accounted for; one that nobody names is not."""
    left_out = (LeftOut("a.csv", "before_2020", 2, (5, 6)),)

    assert TableIntake("t", n_read=3, n_new=1, left_out=left_out).conserves
    assert not TableIntake("t", n_read=4, n_new=1, left_out=left_out).conserves
    assert "laissées de côté, before 2020, 2" in invented(
        tables=(TableIntake("t", 2, left_out=left_out),)
    ).as_text("fr")


def test_rows_that_take_back_are_read_and_rows_that_are_gone_are_not() -> None:
    """A row that deletes is part of the equation; a key that a whole file no longer holds is told apart."""
    report = invented(tables=(TableIntake("t", n_read=3, n_new=1, n_deleted=2, n_gone=4),))
    page = Reader(report.as_page("fr")).text

    assert report.tables[0].conserves
    assert re.search(r"Lignes retirées\s*6", page)
    assert "+ retirant" in page
    assert "lignes retirées, 6" in report.as_text("fr")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "accepted"),
        ({"batch": None}, "nothing new"),
        ({"refusals": (NO_HEADER,), "batch": None}, "refused"),
        ({"findings": (Found("stop", "gone"),), "batch": None}, "refused"),
        ({"findings": (Found("warn", "gone"),)}, "accepted"),
    ],
)
def test_the_report_says_how_the_intake_ended(changes: dict[str, object], status: str) -> None:
    """Accepted, nothing new or refused, in the stored report too."""
    report = invented(**changes)

    assert (report.status, json.loads(report.as_json())["status"]) == (status, status)


def test_a_page_stands_alone_in_its_language() -> None:
    """No script, no image, no address but the other language's file; the table of counts adds up in sight."""
    report = invented()

    french, english = Reader(report.as_page("fr", other="other.html")), Reader(report.as_page("en"))

    assert (french.language, english.language) == ("fr-CA", "en-CA")
    assert (french.links, english.links) == (["other.html"], [])
    assert not {"script", "img", "link", "iframe", "form"} & {*french.tags, *english.tags}
    assert "120 431 lignes" in french.text
    assert "✓ oui" in french.text
    assert "✓ yes" in english.text


def test_a_clerk_reads_the_files_own_headers() -> None:
    """A reason names the column as the file does, its lines as runs, its shape and what to do."""
    page = Reader(invented().as_page("fr")).text

    assert "30 lignes de « absences », colonne « Date » : n’est pas une date dans un format déclaré." in page
    assert "2–31" in page
    assert "9999.99.99" in page
    assert "Corriger la date" in page
    assert "cp1252, point-virgule" in page


def test_a_wholly_wrong_file_shows_its_first_lines_only() -> None:
    """The page says how many more lines there are than those it shows."""
    lines = tuple(range(2, 2002, 2))
    reason = Reason("a.csv", "days", "too_large", 5_000, lines)
    table = TableIntake("absences", 5_000, n_quarantined=5_000, reasons=(reason,))

    assert "24 et 4 988 autres" in Reader(invented(tables=(table,)).as_page("fr")).text


def test_every_reason_that_intake_gives_has_words() -> None:
    """No clerk reads a code: every reason in the sources has both languages and what to do."""
    paths = (path for path in ROOM.rglob("*.py") if path.parent.name != "drift")
    sources = "".join(path.read_text(encoding="utf-8") for path in paths)
    given = set(re.findall(r"""(?:'row|\{name\}|\{n\}):([a-z_]+)""", sources))
    given |= set(
        re.findall(r"""^[A-Z_]+ = "([a-z_]+)"$""", (ROOM / "reading/decoding.py").read_text(), re.MULTILINE)
    )
    given |= {*conversion._WRONG.values(), "unknown_code"}
    given -= DriftRules.model_fields.keys()

    assert len(given) >= 15
    assert given - REASONS.keys() == set()


def test_words_are_whole_and_typed_as_french_is() -> None:
    """Both languages, both a fact and a deed; no plain space where French keeps words together."""
    for words in REASONS.values():
        assert all((words.french, words.english, words.todo_french, words.todo_english))
        for text in (words.french, words.todo_french):
            assert re.findall(r" [;:!?»]|« ", text) == []


def test_what_stopped_all_comes_first() -> None:
    """The refusal, then findings that stop, then warnings, then reasons; a note comes after."""
    findings = (Found("note", "reordered"), Found("warn", "fewer rows"), Found("stop", "a column is gone"))
    report = invented(refusals=(NO_HEADER,), findings=findings)

    page = Reader(report.as_page("en")).text
    said = ("a.csv: the file has no header", "a column is gone", "fewer rows", "30 rows of", "reordered")
    order = [page.index(one) for one in said]

    assert order == sorted(order)
    assert report.as_text("en").splitlines()[-4:] == [
        "  [note] schools: reordered",
        "  [check] schools: fewer rows",
        "  [stop] schools: a column is gone",
        "Nothing of these files was stored; the earlier tables stand.",
    ]


def test_every_finding_is_on_the_page() -> None:
    """What is only to know stands in the section of its own, under the table's name."""
    page = Reader(invented(findings=(Found("note", "colonnes dans un autre ordre"),)).as_page("fr")).text

    assert "écoles : colonnes dans un autre ordre" in page


def test_a_refused_intake_keeps_nothing_and_says_so() -> None:
    """The page says that what was read is not kept, and names the refused file beside the others."""
    page = Reader(invented(refusals=(NO_HEADER,)).as_page("fr")).text

    assert "Rien n’a été pris" in page
    assert "rien n’en est gardé" in page
    assert "le fichier n’a pas d’en-tête" in page


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("31/02/2024", "99/99/9999"),
        ("Émilie-Anne", "AAAAAA-AAAA"),
        ("1\u202f234,5", "9\u202f999,9"),
        ("a\tb\x01", "A·A·"),
        ("x" * 21, "A" * 20 + "…"),
        ("", ""),
        ("ÀÉ٣", "AA9"),
    ],
)
def test_a_shape_holds_no_letter_and_no_digit(text: str, shape: str) -> None:
    """Letters of any alphabet are A, digits 9, control characters a dot; long cells are cut."""
    found = duckdb.connect().execute(f"SELECT {shape_sql('$1')}", [text]).fetchall()

    assert found == [(shape,)]


def test_only_dates_numbers_and_codes_have_a_shape() -> None:
    """Ids, names and free text show nothing, not even their length."""
    kinds = {
        kind: has_shape(Column.model_validate({"type": kind})) for kind in ("date", "number", "category")
    }
    hidden = {kind: has_shape(Column.model_validate({"type": kind})) for kind in ("id", "text", "identity")}

    assert (set(kinds.values()), set(hidden.values())) == ({True}, {False})


def test_shapes_come_with_the_reasons(network: Network) -> None:
    """Each reason shows up to five shapes, most frequent first; a clean row and a missing cell have none."""
    bad = ["3/9/24", "03.09.2024", "03.09.2025", "lundi", "x1", "x22", "x333", "2024-09-31"]
    lines = [f"{n};{day};;M;1;;;" for n, day in enumerate(bad)]
    intake = network.absences(*lines, "9;;;M;1;;;", "10;2024-09-02;;M;1;;;")

    examples = {reason.reason: reason.examples for reason in intake.reasons}

    assert examples == {"not_a_date": ("99.99.9999", "9/9/99", "9999-99-99", "A9", "A99"), "missing": ()}


def test_a_refused_intake_leaves_a_report(network: Network) -> None:
    """The file, why and what to do are stored in both languages, and the error says where."""
    with pytest.raises(ExtractError, match=r"the report is .*nothing-stored-\w+\.en\.html"):
        network.take_in({"absences.csv": "Student;Day;Kind\n1;2024-09-01;M\n"})
    (path,) = network.workspace.reports.glob("*.json")
    stored = json.loads(path.read_text())
    page = Reader(path.with_suffix(".fr.html").read_text())

    assert (stored["status"], stored["batch"]) == ("refused", None)
    assert stored["refusals"][0]["file"] == "absences.csv"
    assert "absences.csv : l’en-tête a une colonne de moins : 'Entered', 'Days'" in page.text
    assert "Déclarer la colonne dans extracts.toml" in page.text


def test_a_file_without_header_shows_no_cell(network: Network) -> None:
    """Where no column is the mapping's, the first line may be a student's: nothing shows it."""
    with pytest.raises(ExtractError) as refusal:
        network.take_in({"absences.csv": "TREMBLAY;Émilie;2011-03-04\n"})
    stored = "".join(path.read_text() for path in network.workspace.reports.iterdir())

    assert "TREMBLAY" not in str(refusal.value) + stored


def test_a_report_says_how_each_file_is_written(network: Network) -> None:
    """Rows, encoding and separator stand by file, as declared; the headers are the mapping's own."""
    report = network.take_in(
        {"absences_1.csv": f"{HEADER}\n1;2024-09-01;;M;1;;;\n2;x;;M;1;;;\n", "absences_2.csv": f"{HEADER}\n"}
    )

    told = [(file.name, file.n_read, file.encoding, file.separator) for file in report.files]

    assert told == [("absences_1.csv", 2, "utf-8", ";"), ("absences_2.csv", 0, "utf-8", ";")]
    assert dict(report.files[0].columns)["happened_on"] == "Day"


def test_every_refusal_of_the_readers_has_its_french() -> None:
    """A sentence that a clerk may read is written in French too: add it to report/refusals.py."""
    said = {text for path in sorted(ROOM.glob("reading/*.py")) for text in _sentences(path)}
    said |= {text for name in ("intake.py", "staging.py") for text in _sentences(ROOM / name)}
    said |= {*decoding.WORDS.values()}

    assert len(said) >= 25
    assert sorted(text for text in said if not has_french(text)) == []


def test_a_translated_refusal_keeps_its_places() -> None:
    """What stands in a sentence's places is kept, or translated where it is a sentence of ours."""
    header = "the header has no column 'Day'; unknown column 'Dai'"

    said = refusal_text(header, "fr").replace(NO_BREAK, " ")

    assert said == "l’en-tête a une colonne de moins : 'Day' ; une colonne inconnue : 'Dai'"
    assert all(french.count("{}") == english.count("{}") for english, french in FRENCH.items())


def _sentences(path: Path) -> list[str]:
    """Return the words of each refusal in a source file, its places filled with a letter."""
    said: list[ast.expr] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and [ast.unparse(name) for name in node.targets] == ["message"]:
            said.append(node.value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("ExtractError", "TableError"):
            said += [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "todo")]
    return [text for text in map(_spelled, said) if text]


def _spelled(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return ""

"""What `[defaults]` says holds for every extract: rules, shared columns, and the texts of yes and no."""

from __future__ import annotations

from pathlib import Path

import pytest

from earlywarn.errors import DeclarationError
from earlywarn.tables import load_contract, load_extracts
from tests.builders.intake import CONTRACT, declare, reasons

EXTRACTS = """
[defaults]
separator = ";"
booleans = { oui = true, non = false }
ignore = ["Memo"]
[defaults.columns]
student_id = "Student"
happened_on = "Day"
is_late = "Late"
[defaults.codes.category]
M = "excused"
N = "unexcused"

[[extract]]
table = "absences"
file = "morning*.csv"
[extract.columns]
category = "Kind"

[[extract]]
table = "absences"
file = "evening*.csv"
[extract.columns]
happened_on = "Evening of"
category = "Kind"
is_late = { from = "Late", codes = { X = true } }
[extract.codes.category]
Z = "excused"
"""

MORNING = "Student;Day;Late;Kind;Memo\ns1;2025-01-06;oui;M;a\ns2;2025-01-06;non;N;b\n"
EVENING = "Student;Evening of;Late;Kind;Memo\ns1;2025-01-07;X;Z;a\n"


def test_two_files_of_one_shape_share_their_columns(tmp_path: Path) -> None:
    """Each extract says only what is its own, and its own word wins."""
    network = declare(tmp_path, CONTRACT, EXTRACTS)

    network.take_in({"morning.csv": MORNING, "evening.csv": EVENING})

    sql = "SELECT student_id, day(happened_on), category, is_late FROM versions.absences ORDER BY 2, 1"
    assert network.rows(sql) == [
        ("s1", 6, "excused", True),
        ("s2", 6, "unexcused", False),
        ("s1", 7, "excused", True),
    ]


def test_a_text_that_says_neither_yes_nor_no_is_held_back(tmp_path: Path) -> None:
    """Declared texts replace true, false, 1 and 0: nothing is guessed."""
    network = declare(tmp_path, CONTRACT, EXTRACTS)

    report = network.take_in({"morning.csv": MORNING.replace("non", "nie"), "evening.csv": EVENING})

    (absences,) = [table for table in report.tables if table.table == "absences"]
    assert list(reasons(absences).values()) == [(3,)]


def test_a_problem_of_shared_columns_is_named_once_where_it_stands(tmp_path: Path) -> None:
    """Both extracts inherit the mistake; one line is to be mended."""
    (tmp_path / "contract.toml").write_text(CONTRACT, encoding="utf-8")
    (tmp_path / "extracts.toml").write_text(EXTRACTS.replace("is_late =", "too_late =", 1), encoding="utf-8")

    with pytest.raises(DeclarationError) as refusal:
        load_extracts(tmp_path / "extracts.toml", load_contract(tmp_path / "contract.toml"))

    (problem,) = refusal.value.problems
    assert (problem.line, problem.message) == (9, "the contract's table has no column 'too_late'")


def test_shared_codes_are_for_the_extracts_that_have_the_column(tmp_path: Path) -> None:
    """An extract without the column inherits no codes for it; codes that no extract needs are a mistake."""
    stays = '\n[[extract]]\ntable = "enrollments"\nfile = "stays.csv"\noptional = true\n[extract.columns]\n'
    stays += 'school_id = "School"\nstarts_on = "From"\n'
    only_stays = EXTRACTS.partition("[[extract]]")[0].partition("[defaults.columns]")
    (tmp_path / "contract.toml").write_text(CONTRACT, encoding="utf-8")
    path = tmp_path / "extracts.toml"
    contract = load_contract(tmp_path / "contract.toml")

    path.write_text(EXTRACTS.replace('happened_on = "Day"\nis_late = "Late"\n', "") + stays, encoding="utf-8")
    with pytest.raises(DeclarationError) as missing:
        load_extracts(path, contract)
    path.write_text(
        f'{only_stays[0]}[defaults.codes.category]\nM = "excused"\n{stays}student_id = "Student"\n',
        encoding="utf-8",
    )
    with pytest.raises(DeclarationError) as unused:
        load_extracts(path, contract)

    assert not any("codes for" in problem.message for problem in missing.value.problems)
    assert [problem.message for problem in unused.value.problems] == [
        "codes for 'category', which no extract's column gives"
    ]

"""A small network whose students have codes and names; one code is met in a single table only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.builders.intake import CONTRACT, EXTRACTS, HEADER, Network, declare

FORM = '\n[network.pseudonyms]\nfold = ["case", "spaces"]\npattern = "[A-Z]{4}[0-9]{4}"\n'
PEOPLE = """
[tables.students]
grain = "one row per student"
key = ["student_id"]
known_on = "always"
[tables.students.columns]
student_id = { type = "id", required = true, pseudonym = true }
sex = { type = "category", allowed = ["F", "M"], sensitive = true }
family_name = { type = "identity" }
birth_date = { type = "identity" }
"""
NAMES = """
[[extract]]
table = "students"
file = "students*.csv"
optional = true
[extract.columns]
student_id = "Code"
sex = "Sex"
family_name = "Name"
birth_date = "Born"
"""
FILES: Mapping[str, str] = {
    "students.csv": "Code;Sex;Name;Born\nLAVM0101;F;Lavoie;2010-01-01\nTREJ0202;M;Tremblay;2010-02-02\n",
    "stays.csv": "Student;School;From;To\nLAVM0101;001;2024-09-01;\nTREJ0202;001;2024-09-01;\n",
    # GAGP0303 has absences, and no row among the students.
    "absences.csv": f"{HEADER}\nLAVM0101;2024-09-03;;M;1;;;\nGAGP0303;2024-09-04;;N;0,5;;;\n",
}


def people_network(home: Path, *, form: str = FORM) -> Network:
    """Declare the network below `home`; nothing is taken in yet."""
    contract = CONTRACT.replace(
        'student_id = { type = "id", required = true }',
        'student_id = { type = "id", required = true, pseudonym = true }',
    ).replace("\n[tables.enrollments]", form + "\n[tables.enrollments]", 1)
    return declare(home, contract=contract + PEOPLE, extracts=EXTRACTS + NAMES)

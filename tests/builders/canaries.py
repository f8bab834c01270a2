"""Plant identities that can be told from anything else in a network's files, and name what must not leak.

Names are invented letters, birth dates lie before 1900, and codes are the invented network's own.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

N_PEOPLE = 1_000
ENCODING = "cp1252"
_NAMED = ("identifier", "givenName", "familyName", "birthDate")
_FIRST_BIRTH = date(1861, 1, 1)
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


@dataclass(frozen=True)
class Person:
    """One planted identity."""

    code: str
    family_name: str
    given_name: str
    born_on: date

    @property
    def writings(self) -> tuple[str, ...]:
        """Return every writing of it that must be found nowhere."""
        born, month = self.born_on, _MONTHS[self.born_on.month - 1]
        dates = (
            born.isoformat(),
            f"{born:%d/%m/%Y}",
            f"{born:%d-%m-%Y}",
            f"{born:%Y/%m/%d}",
            f"{born.day} {month} {born.year}",
        )
        spaced = f"{self.code[:4]} {self.code[4:8]} {self.code[8:]}"
        return (self.code, spaced, self.family_name, self.given_name, *dates)


@dataclass(frozen=True)
class Planted:
    """Who was planted: students of the network, and others who stand only where intake holds rows back."""

    students: tuple[Person, ...]
    strangers: tuple[Person, ...]

    @property
    def words(self) -> Iterator[str]:
        """Yield every writing of everybody."""
        for person in (*self.students, *self.strangers):
            yield from person.writings


def plant(extracts: Path) -> Planted:
    """Give a thousand students planted names and births, and put strangers into rows that cannot be read."""
    lines = _lines(extracts / "eleves.csv")
    students = []
    # The last are those who came last: most of them are enrolled today. A repeated row stays as it is.
    once = [place for place, line in enumerate(lines) if place and lines.count(line) == 1]
    for number, place in enumerate(once[-N_PEOPLE:]):
        code, _, _, _, *others = lines[place].split(";")
        person = _person(number, code)
        students.append(person)
        names = (person.code, person.family_name, person.given_name, person.born_on.isoformat())
        lines[place] = ";".join([*names, *others])
    strangers = tuple(_person(N_PEOPLE + n, f"QZXW{71_000_000 + 7_919 * n:08d}") for n in range(12))
    a, b, c, d, e, f, g, h, *staff = strangers
    lines += [
        f"{a.code};{a.family_name};{a.given_name};{a.born_on};Z;FRA",
        f'{b.code};"{b.family_name};{b.given_name};{b.born_on};F;FRA',
        f"{c.code};{c.family_name};{c.given_name}",
        f"{d.code[:-1]}X;{d.family_name};{d.given_name};{d.born_on};F;FRA",
    ]
    _write(extracts / "eleves.csv", lines)
    absences = sorted(extracts.glob("absences_*.csv"))[0]
    # A student known to no other file, one written in small letters, and one who only has a wrong day.
    _write(
        absences,
        [
            *_lines(absences),
            f"{e.code};14/09/2021;J;N;1;14/09/2021",
            f" {f.code[:4].lower()} {f.code[4:8]} {f.code[8:]};14/09/2021;J;N;1;14/09/2021",
            f"{g.code};31/02/2021;J;N;1;03/03/2021",
            f"{h.code};14/09/2021;{h.family_name};{h.given_name}",
        ],
    )
    personnel = _lines(extracts / "personnel.csv")
    family, given = (personnel[0].split(";").index(title) for title in ("Nom", "Prénom"))
    for place, person in enumerate(staff, start=1):
        cells = personnel[place].split(";")
        cells[family], cells[given] = person.family_name, person.given_name
        personnel[place] = ";".join(cells)
    _write(extracts / "personnel.csv", personnel)
    return Planted(tuple(students), strangers)


def plant_in_export(source: Path, target: Path, planted: Planted) -> None:
    """Write a OneRoster zip anew with the planted names of the students it lists, and births of a few.

    A birth before 1900 makes an age that no contract allows: the rows of those few wait.
    """
    by_code = {person.code: person for person in planted.students}
    of_user: dict[str, Person] = {}
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("users.csv", *(one for one in given.namelist() if one != "users.csv")):
            header, *rows = csv.reader(io.StringIO(given.read(name).decode()))
            places = {title: header.index(title) for title in _NAMED if title in header}
            for row in rows:
                if name == "users.csv" and (person := by_code.get(row[places["identifier"]])):
                    of_user[row[0]] = person
                    row[places["givenName"]], row[places["familyName"]] = (
                        person.given_name,
                        person.family_name,
                    )
                if name == "demographics.csv" and row[0] in list(of_user)[:20]:
                    row[places["birthDate"]] = of_user[row[0]].born_on.isoformat()
            written = io.StringIO()
            csv.writer(written, lineterminator="\n").writerows([header, *rows])
            packed.writestr(name, written.getvalue())
    assert len(of_user) > N_PEOPLE // 4, "the export lists too few of the planted students"


def refused_files(planted: Planted) -> Iterator[tuple[str, str, bytes]]:
    """Yield files that intake must refuse: why, the name of the file, and its content."""
    person, other = planted.students[0], planted.strangers[0]
    row = f"{person.code};{person.family_name};{person.given_name};{person.born_on};F;FRA"
    title = "Code permanent;Nom;Prénom;Date de naissance;Sexe;Langue parlée à la maison"
    turned = ";".join(reversed(title.split(";")))
    lines = {
        "no header": ("eleves.csv", f"{row}\n{row}\n"),
        "names for titles": ("eleves.csv", f"{title};{other.code};{other.family_name}\n{row};1;2\n"),
        "titles of another file": ("absences_2021-2022.csv", f"{title}\n{row}\n"),
        "a second header of other columns": ("eleves.csv", f"{title}\n{row}\n{turned}\n{row}\n"),
        "empty": ("eleves.csv", ""),
    }
    for why, (name, text) in lines.items():
        yield why, name, text.encode(ENCODING)
    yield "not the declared encoding", "eleves.csv", f"{title}\n{row}é\n".encode("utf-16")
    yield "NUL bytes", "eleves.csv", f"{title}\n{row}\n".encode(ENCODING).replace(b";", b"\0")
    garbled = f"{title}\n" + f"{row.replace(person.given_name, 'É' + person.given_name)}\n" * 50
    yield "UTF-8 throughout", "eleves.csv", garbled.encode()


def _person(number: int, code: str) -> Person:
    letters = "".join(chr(ord("a") + number // 26**place % 26) for place in range(3))
    return Person(code, f"Qzvykw{letters}x", f"Xkwjqv{letters}z", _FIRST_BIRTH + timedelta(days=11 * number))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding=ENCODING).splitlines()


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding=ENCODING)

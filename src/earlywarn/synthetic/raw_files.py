"""Write raw extracts as local systems do: cp1252, semicolons, decimal commas, one date format per file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from earlywarn.synthetic.arrays import Days, Integers

ENCODING: Final = "cp1252"
LINE_END: Final = b"\r\n"


@dataclass(frozen=True)
class FileShape:
    """How the files of one table are named, headed and dated; `{year}` cuts them by school year."""

    name: str
    header: tuple[str, ...]
    date_format: str = "%Y-%m-%d"


FILES: Final = {
    "schools": FileShape(
        "ecoles.csv",
        (
            "Code école", "Nom de l'école", "Code CSS", "Nom du CSS", "Ordre d'enseignement",
            "Rang décile IMSE",
        ),
    ),
    "students": FileShape(
        "eleves.csv",
        ("Code permanent", "Nom", "Prénom", "Date de naissance", "Sexe", "Langue parlée à la maison"),
    ),
    "enrollments": FileShape(
        "frequentations.csv",
        (
            "Code permanent", "Année scolaire", "Code école", "Code CSS", "Classe", "Groupe-repère",
            "Date de début", "Date de fin", "Motif de départ", "Redoublement", "Âge au 30 septembre",
        ),
    ),
    "school_days": FileShape("calendrier.csv", ("Code CSS", "Année scolaire", "Jour de classe")),
    "absences": FileShape(
        "absences_{year}.csv",
        ("Code permanent", "Date", "Période", "Motif", "Durée (jours)", "Date de saisie"),
        "%d/%m/%Y",
    ),
    "marks": FileShape(
        "resultats_{year}.csv",
        (
            "Code permanent", "Année scolaire", "Étape", "Matière", "Résultat", "Résultat final",
            "Fin de l'étape", "Date du bulletin",
        ),
    ),
    "incidents": FileShape(
        "evenements.csv",
        ("No de dossier", "Code permanent", "Date", "Gravité", "Suspension (jours)", "Date de saisie"),
        "%d-%m-%Y",
    ),
    "support_plans": FileShape(
        "plans_intervention.csv", ("Code permanent", "Début", "Fin", "Objet"), "%Y%m%d"
    ),
    "staff": FileShape(
        "personnel.csv",
        ("Matricule", "Année scolaire", "Nom", "Prénom", "Fonction", "Code école", "Code CSS"),
    ),
    "group_members": FileShape(
        "groupes_eleves.csv",
        ("Code permanent", "Année scolaire", "Code école", "Groupe", "Date de début", "Date de fin"),
    ),
    "assignments": FileShape(
        "affectations.csv",
        (
            "Matricule", "Année scolaire", "Code école", "Groupe", "Matière", "Titulaire du groupe-repère",
            "Date de début", "Date de fin",
        ),
    ),
}  # fmt: skip


@dataclass
class RawFiles:
    """The open extract files of a network; rows are appended chunk by chunk and counted by table."""

    folder: Path
    school_years: tuple[str, ...]
    rows: Counter[str] = field(default_factory=Counter)
    _handles: dict[str, IO[bytes]] = field(default_factory=dict)
    _last: dict[str, bytes] = field(default_factory=dict)

    def __enter__(self) -> RawFiles:
        """Create every file with its header."""
        for shape in FILES.values():
            for name in dict.fromkeys(shape.name.format(year=year) for year in self.school_years):
                self._handles[name] = (self.folder / name).open("wb", buffering=1 << 20)
                self._handles[name].write(";".join(shape.header).encode(ENCODING) + LINE_END)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every file, whatever happened."""
        for handle in self._handles.values():
            handle.close()

    def append(self, table: str, school_year: str, columns: list[pa.Array[Any]]) -> None:
        """Append rows given as text columns in the order of the file's header; null is an empty cell."""
        rows = pa.Table.from_arrays(columns, names=list(FILES[table].header))
        content = encoded_rows(rows)
        name = FILES[table].name.format(year=school_year)
        self._handles[name].write(content)
        self.rows[table] += rows.num_rows
        if content:
            self._last[name] = content[content.rfind(LINE_END, 0, -len(LINE_END)) + 1 :].lstrip()

    def repeat_last(self, table: str, school_year: str) -> None:
        """Write the last well-formed row of a file once more."""
        name = FILES[table].name.format(year=school_year)
        self._handles[name].write(self._last[name])
        self.rows[table] += 1

    def append_line(self, table: str, school_year: str, line: str) -> None:
        """Append one line as it is, well formed or not."""
        handle = self._handles[FILES[table].name.format(year=school_year)]
        handle.write(line.encode(ENCODING) + LINE_END)
        self.rows[table] += 1


def encoded_rows(table: pa.Table) -> bytes:
    """Return the rows of a table of texts as a local system's file holds them, without header."""
    sink = pa.BufferOutputStream()
    options = pyarrow.csv.WriteOptions(
        include_header=False, delimiter=";", quoting_style="none", batch_size=65_536
    )
    pyarrow.csv.write_csv(table, sink, options)
    text = sink.getvalue().to_pybytes().replace(b"\n", LINE_END)
    return text if text.isascii() else text.decode("utf-8").encode(ENCODING)


def texts(values: Sequence[str | None], positions: Integers) -> pa.Array[Any]:
    """Return the text at each position."""
    return pa.array(values, pa.string()).take(positions)


def repeated(value: str, n: int) -> pa.Array[Any]:
    """Return one text n times."""
    return pa.array([value], pa.string()).take(np.zeros(n, np.int64))


def joined(*parts: pa.Array[Any]) -> pa.Array[Any]:
    """Return texts put together row by row."""
    return pyarrow.compute.binary_join_element_wise(*parts, "")  # type: ignore[call-overload, no-any-return]


def dates(days: Days, date_format: str) -> pa.Array[Any]:
    """Write days in a format; not-a-time becomes an empty cell."""
    known = days[~np.isnat(days)]
    if not len(known):
        return pa.nulls(len(days), pa.string())
    first = known.min()
    span = np.arange(first, known.max() + 1).astype(object)
    written: list[str | None] = [day.strftime(date_format) for day in span]
    offsets = (days - first).astype(np.int64)
    return texts([*written, None], np.where(np.isnat(days), len(written), offsets))

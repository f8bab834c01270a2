"""Write raw extracts as local systems do: cp1252, semicolons, decimal commas, one date format per file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv

from earlywarn.synthetic.arrays import Days

HEADERS: Final = {
    "ecoles.csv": (
        "Code école", "Nom de l'école", "Code CSS", "Nom du CSS", "Ordre d'enseignement", "Rang décile IMSE",
    ),
    "eleves.csv": (
        "Code permanent", "Nom", "Prénom", "Date de naissance", "Sexe", "Langue parlée à la maison",
    ),
    "frequentations.csv": (
        "Code permanent", "Année scolaire", "Code école", "Code CSS", "Classe", "Groupe-repère",
        "Date de début", "Date de fin", "Motif de départ", "Redoublement", "Âge au 30 septembre",
    ),
    "calendrier.csv": ("Code CSS", "Année scolaire", "Jour de classe"),
    "absences.csv": ("Code permanent", "Date", "Période", "Motif", "Durée (jours)", "Date de saisie"),
    "resultats.csv": (
        "Code permanent", "Année scolaire", "Étape", "Matière", "Résultat", "Résultat final",
        "Date du bulletin",
    ),
    "evenements.csv": (
        "No de dossier", "Code permanent", "Date", "Gravité", "Suspension (jours)", "Date de saisie",
    ),
    "plans_intervention.csv": ("Code permanent", "Début", "Fin", "Objet"),
    "personnel.csv": (
        "Matricule", "Année scolaire", "Nom", "Prénom", "Fonction", "Code école", "Code CSS",
    ),
    "groupes_eleves.csv": (
        "Code permanent", "Année scolaire", "Code école", "Groupe", "Date de début", "Date de fin",
    ),
    "affectations.csv": (
        "Matricule", "Année scolaire", "Code école", "Groupe", "Matière", "Titulaire du groupe-repère",
        "Date de début", "Date de fin",
    ),
}  # fmt: skip
DATE_FORMATS: Final = {
    "eleves.csv": "%Y-%m-%d",
    "frequentations.csv": "%Y-%m-%d",
    "calendrier.csv": "%Y-%m-%d",
    "absences.csv": "%d/%m/%Y",
    "resultats.csv": "%Y-%m-%d",
    "evenements.csv": "%d-%m-%Y",
    "plans_intervention.csv": "%Y%m%d",
    "groupes_eleves.csv": "%Y-%m-%d",
    "affectations.csv": "%Y-%m-%d",
}
ENCODING: Final = "cp1252"
LINE_END: Final = b"\r\n"


@dataclass
class RawFiles:
    """The open extract files of a network; rows are appended chunk by chunk."""

    folder: Path
    rows: Counter[str] = field(default_factory=Counter)
    _handles: dict[str, IO[bytes]] = field(default_factory=dict)

    def __enter__(self) -> RawFiles:
        """Create every file with its header."""
        for name, header in HEADERS.items():
            self._handles[name] = (self.folder / name).open("wb", buffering=1 << 20)
            self._handles[name].write(";".join(header).encode(ENCODING) + LINE_END)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every file, whatever happened."""
        for handle in self._handles.values():
            handle.close()

    def append(self, name: str, columns: list[pa.Array]) -> None:
        """Append rows given as text columns in the order of the file's header; null is an empty cell."""
        table = pa.table(columns, names=list(HEADERS[name]))
        self._handles[name].write(encoded_rows(table))
        self.rows[name] += table.num_rows

    def append_lines(self, name: str, lines: list[str]) -> None:
        """Append lines as they are, well formed or not."""
        for line in lines:
            self._handles[name].write(line.encode(ENCODING) + LINE_END)
        self.rows[name] += len(lines)


def encoded_rows(table: pa.Table) -> bytes:
    """Return the rows of a table of texts as a local system's file holds them, without header."""
    sink = pa.BufferOutputStream()
    options = pyarrow.csv.WriteOptions(
        include_header=False, delimiter=";", quoting_style="none", batch_size=65_536
    )
    pyarrow.csv.write_csv(table, sink, options)
    text = sink.getvalue().to_pybytes().replace(b"\n", LINE_END)
    return text if text.isascii() else text.decode("utf-8").encode(ENCODING)


def texts(values: tuple[str, ...] | list[str], positions: np.ndarray) -> pa.Array:
    """Return the text at each position."""
    return pa.array(values, pa.string()).take(pa.array(positions))


def repeated(value: str, n: int) -> pa.Array:
    """Return one text n times."""
    return pa.repeat(pa.scalar(value, pa.string()), n)


def dates(days: Days, date_format: str) -> pa.Array:
    """Write days in a format; not-a-time becomes an empty cell."""
    known = days[~np.isnat(days)]
    if not len(known):
        return pa.nulls(len(days), pa.string())
    first = known.min()
    span = np.arange(first, known.max() + 1).astype(object)
    written = pa.array([day.strftime(date_format) for day in span])
    offsets = (days - first).astype(np.int64)
    return written.take(pa.array(np.where(np.isnat(days), 0, offsets), mask=np.isnat(days)))

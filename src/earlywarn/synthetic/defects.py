"""Plant the defects that real extracts have, and say exactly how many of which kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from earlywarn.synthetic.raw_files import RawFiles


@dataclass(frozen=True)
class PlantedDefect:
    """One line that intake must not take in as it stands."""

    file: str
    table: str
    kind: str
    line: str


def planted_defects(code: str, school_year: str, school: str, css: str) -> tuple[PlantedDefect, ...]:
    """Return the lines to plant; every one is an extra row, so that no true row is lost to them."""
    first = school_year[:4]
    absence, mark = f"{code};14/09/{first}", f"{code};{school_year}"
    stay = f"{school_year};{school};{css};S3;"
    return (
        PlantedDefect("absences.csv", "absences", "ragged", f"{absence};J;N"),
        PlantedDefect("absences.csv", "absences", "ragged", f"{absence};J;N;1;14/09/{first};;remarque"),
        PlantedDefect("absences.csv", "absences", "bad_date", f"{code};31/02/{first};J;N;1;03/03/{first}"),
        PlantedDefect("absences.csv", "absences", "unknown_code", f"{absence};J;Z;1;14/09/{first}"),
        PlantedDefect("absences.csv", "absences", "unknown_code", f"{absence};P9;N;0,25;14/09/{first}"),
        PlantedDefect("absences.csv", "absences", "bad_number", f"{absence};J;N;un jour;14/09/{first}"),
        PlantedDefect("absences.csv", "absences", "out_of_range", f"{absence};J;N;3;14/09/{first}"),
        PlantedDefect("resultats.csv", "marks", "unknown_code", f"{mark};1;ZZZ;72;N;{first}-11-20"),
        PlantedDefect("resultats.csv", "marks", "out_of_range", f"{mark};1;FRA;720;N;{first}-11-20"),
        PlantedDefect("resultats.csv", "marks", "bad_number", f"{mark};1;FRA;7o;N;{first}-11-20"),
        PlantedDefect("resultats.csv", "marks", "bad_date", f"{mark};1;FRA;72;N;20 novembre"),
        PlantedDefect("frequentations.csv", "enrollments", "missing", f";{stay};{first}-08-28;;;N;14"),
        PlantedDefect("frequentations.csv", "enrollments", "bad_date", f"{code};{stay};{first}-13-28;;;N;14"),
        PlantedDefect(
            "evenements.csv", "incidents", "unknown_code", f"000001;{code};14-09-{first};?;0;14-09-{first}"
        ),
        PlantedDefect("plans_intervention.csv", "support_plans", "ragged", f"{code};{first}1015"),
    )


def plant(files: RawFiles, defects: tuple[PlantedDefect, ...]) -> Mapping[str, Mapping[str, int]]:
    """Append the defects and return their counts by table and kind."""
    counts: dict[str, dict[str, int]] = {}
    for defect in defects:
        files.append_lines(defect.file, [defect.line])
        of_table = counts.setdefault(defect.table, {})
        of_table[defect.kind] = of_table.get(defect.kind, 0) + 1
    return MappingProxyType({table: MappingProxyType(of_table) for table, of_table in counts.items()})

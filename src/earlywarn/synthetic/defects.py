"""Plant the defects that real extracts have, and say exactly how many of which kind.

Kinds are named as intake names its reasons, so that a test can hold one against the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from earlywarn.synthetic.raw_files import RawFiles

_REPEATED = ("students", "absences", "marks")


@dataclass(frozen=True)
class PlantedDefect:
    """One line that intake must not take in as it stands."""

    table: str
    kind: str
    line: str


def planted_defects(code: str, school_year: str, school: str, css: str) -> tuple[PlantedDefect, ...]:
    """Return the lines to plant; every one is an extra row, so that no true row is lost to them."""
    first = school_year[:4]
    absence, mark = f"{code};14/09/{first}", f"{code};{school_year};1"
    stay = f"{school_year};{school};{css};S3;"
    sent = f"N;{first}-11-10;{first}-11-20"
    return (
        PlantedDefect("absences", "ragged", f"{absence};J;N"),
        PlantedDefect("absences", "ragged", f"{absence};J;N;1;14/09/{first};;remarque"),
        PlantedDefect("absences", "not_a_date", f"{code};31/02/{first};J;N;1;03/03/{first}"),
        PlantedDefect("absences", "unknown_code", f"{absence};J;Z;1;14/09/{first}"),
        PlantedDefect("absences", "unknown_code", f"{absence};P9;N;0,25;14/09/{first}"),
        PlantedDefect("absences", "not_a_number", f"{absence};J;N;un jour;14/09/{first}"),
        PlantedDefect("absences", "too_large", f"{absence};J;N;3;14/09/{first}"),
        PlantedDefect("marks", "unknown_code", f"{mark};ZZZ;72;{sent}"),
        PlantedDefect("marks", "too_large", f"{mark};FRA;720;{sent}"),
        PlantedDefect("marks", "not_a_number", f"{mark};FRA;7o;{sent}"),
        PlantedDefect("marks", "not_a_date", f"{mark};FRA;72;N;{first}-11-10;20 novembre"),
        PlantedDefect("enrollments", "missing", f";{stay};{first}-08-28;;;N;14"),
        PlantedDefect("enrollments", "not_a_date", f"{code};{stay};{first}-13-28;;;N;14"),
        PlantedDefect("incidents", "unknown_code", f"000001;{code};14-09-{first};?;0;14-09-{first}"),
        PlantedDefect("support_plans", "ragged", f"{code};{first}1015"),
    )


def plant(
    files: RawFiles, school_year: str, defects: tuple[PlantedDefect, ...]
) -> Mapping[str, Mapping[str, int]]:
    """Append the defects to a school year's files and return their counts by table and kind."""
    counts: dict[str, dict[str, int]] = {}
    for defect in defects:
        files.append_line(defect.table, school_year, defect.line)
        of_table = counts.setdefault(defect.table, {})
        of_table[defect.kind] = of_table.get(defect.kind, 0) + 1
    return counts


def repeat_rows(files: RawFiles, school_year: str) -> Mapping[str, int]:
    """Write one row of some tables a second time, as merged exports do, and return their counts."""
    for table in _REPEATED:
        files.repeat_last(table, school_year)
    return dict.fromkeys(_REPEATED, 1)

"""Write the network's schools and the people who work in them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from earlywarn.synthetic.calendar import school_year_name
from earlywarn.synthetic.names import NamePool
from earlywarn.synthetic.places import Assignments
from earlywarn.synthetic.raw_files import RawFiles, repeated, texts
from earlywarn.synthetic.schools import Schools
from earlywarn.synthetic.yearbook import staff_codes


def write_schools(files: RawFiles, schools: Schools) -> None:
    """Write one row per school."""
    columns = [
        pa.array(schools.codes),
        pa.array(schools.names),
        texts(schools.css_codes, schools.css),
        texts(schools.css_names, schools.css),
        texts(("Primaire", "Secondaire"), schools.is_secondary.astype(np.int64)),
        texts([str(decile) for decile in range(11)], schools.decile),
    ]
    files.append("schools", "", columns)


def write_personnel(
    files: RawFiles, schools: Schools, css: int, year: int, assigned: Assignments, pool: NamePool
) -> None:
    """Write one CSS's teachers, principals and central staff of a school year."""
    teachers, first = np.unique(staff_codes(schools, assigned), return_index=True)
    there = np.flatnonzero(schools.css == css)
    css_code = schools.css_codes[css]
    codes = [*teachers.tolist(), *(f"D{schools.codes[school]}" for school in there), f"C{css_code}"]
    n_teachers, n = len(teachers), len(codes)
    # A person keeps their name from year to year: it follows from the code.
    numbers = np.array([int(code[1:]) for code in codes])
    at_school = np.r_[assigned.school[first], there]
    workplaces = texts(schools.codes, at_school).to_pylist()
    columns = [
        pa.array(codes),
        repeated(school_year_name(year), n),
        pool.family.take(numbers * 31 % len(pool.family)),
        pool.given.take(numbers * 17 % len(pool.given)),
        pa.array(["ENS"] * n_teachers + ["DIR"] * len(there) + ["CSS"]),
        pa.array([*workplaces, None], pa.string()),
        repeated(css_code, n),
    ]
    files.append("staff", school_year_name(year), columns)

"""Write one school year of one CSS into the raw files, up to the day the story is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from earlywarn.synthetic import attendance, bulletins, conduct, rates
from earlywarn.synthetic.arrays import Days, Integers
from earlywarn.synthetic.calendar import school_year_name
from earlywarn.synthetic.lives import Roll, SchoolYear
from earlywarn.synthetic.names import Identities, NamePool
from earlywarn.synthetic.places import EXIT_CODES, Assignments, Groups, Spells
from earlywarn.synthetic.raw_files import FILES, RawFiles, dates, repeated, texts
from earlywarn.synthetic.schools import Schools

GRADE_CODES = ("PRE", "P1", "P2", "P3", "P4", "P5", "P6", "S1", "S2", "S3", "S4", "S5")
SEX_CODES = ("F", "M", "X")
LANGUAGE_CODES = ("FRA", "ANG", "AUT")
_NEVER = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Yearbook:
    """What is needed to write one school year of one CSS."""

    files: RawFiles
    schools: Schools
    css: int
    year: int
    numbers: Integers
    identities: Identities
    until: np.datetime64

    @property
    def name(self) -> str:
        """Return the school year's name."""
        return school_year_name(self.year)

    def students(self, roll: Roll, new: Integers, pool: NamePool) -> None:
        """Write the students seen for the first time."""
        found = self.identities.at(roll.number[new])
        columns = [
            pa.array(found.codes),
            pool.family.take(found.family),
            pool.given.take(found.given),
            dates(found.births, FILES["students"].date_format),
            texts(SEX_CODES, roll.sex[new]),
            texts(LANGUAGE_CODES, roll.home_language[new]),
        ]
        self.files.append("students", self.name, columns)

    def enrollments(self, story: SchoolYear, spells: Spells, groups: Groups) -> None:
        """Write who was in which school and group, and how their stay ended if it has."""
        known = spells.starts_on <= self.until
        student, school = spells.student[known], spells.school[known]
        left_on = self._cut(spells.left_on[known])
        exit_codes = texts(EXIT_CODES, spells.exit[known])
        group = texts(group_codes(groups, self.schools, self.year), spells.group[known])
        late, grade = story.roll.years_late[student], spells.grade[known]
        columns = [
            self._codes(student),
            repeated(self.name, len(student)),
            texts(self.schools.codes, school),
            texts(self.schools.css_codes, self.schools.css[school]),
            texts(GRADE_CODES, grade),
            group,
            dates(spells.starts_on[known], FILES["enrollments"].date_format),
            dates(left_on, FILES["enrollments"].date_format),
            pa.compute.if_else(pa.array(np.isnat(left_on)), pa.scalar(None, pa.string()), exit_codes),
            texts(("N", "O"), story.roll.is_repeating[student].astype(np.int64)),
            texts([str(age) for age in range(30)], rates.AGE_AT_FIRST_GRADE + grade + late),
        ]
        self.files.append("enrollments", self.name, columns)
        self.files.append(
            "group_members", self.name, [columns[0], columns[1], columns[2], group, *columns[6:8]]
        )

    def calendar(self, days: Days) -> None:
        """Write the days of class."""
        held = days[days <= self.until]
        code = repeated(self.schools.css_codes[self.css], len(held))
        columns = [code, repeated(self.name, len(held)), dates(held, FILES["school_days"].date_format)]
        self.files.append("school_days", self.name, columns)

    def absences(self, found: attendance.Absences) -> None:
        """Write the absences recorded so far."""
        known = found.recorded_on <= self.until
        columns = [
            self._codes(found.student[known]),
            dates(found.happened_on[known], FILES["absences"].date_format),
            texts(attendance.PERIOD_CODES, found.period[known]),
            texts(attendance.CATEGORY_CODES, found.category[known]),
            texts(attendance.DAYS_TEXTS, found.days[known]),
            dates(found.recorded_on[known], FILES["absences"].date_format),
        ]
        self.files.append("absences", self.name, columns)

    def marks(self, found: bulletins.Bulletins) -> None:
        """Write the marks of the bulletins sent so far."""
        known = found.reported_on <= self.until
        term = found.term[known]
        columns = [
            self._codes(found.student[known]),
            repeated(self.name, len(term)),
            texts(bulletins.TERM_CODES, term),
            texts(bulletins.SUBJECT_CODES, found.subject[known]),
            texts(bulletins.MARK_TEXTS, found.mark[known]),
            texts(("N", "O"), (term == len(bulletins.TERM_CODES) - 1).astype(np.int64)),
            dates(found.happened_on[known], FILES["marks"].date_format),
            dates(found.reported_on[known], FILES["marks"].date_format),
        ]
        self.files.append("marks", self.name, columns)

    def conduct(self, incidents: conduct.Incidents, plans: conduct.SupportPlans) -> None:
        """Write the incident reports and support plans known so far."""
        known = incidents.recorded_on <= self.until
        prefix = f"{self.schools.css_codes[self.css][:3]}{self.year % 100:02d}"
        numbers = np.char.add(prefix, np.char.zfill(np.arange(int(known.sum())).astype("U6"), 6))
        columns = [
            pa.array(numbers, pa.string()),
            self._codes(incidents.student[known]),
            dates(incidents.happened_on[known], FILES["incidents"].date_format),
            texts(conduct.SEVERITY_CODES, incidents.severity[known]),
            texts(conduct.SUSPENSION_TEXTS, incidents.suspension[known]),
            dates(incidents.recorded_on[known], FILES["incidents"].date_format),
        ]
        self.files.append("incidents", self.name, columns)
        begun = plans.starts_on <= self.until
        columns = [
            self._codes(plans.student[begun]),
            dates(plans.starts_on[begun], FILES["support_plans"].date_format),
            dates(self._cut(plans.ends_on[begun]), FILES["support_plans"].date_format),
            texts(conduct.PURPOSE_CODES, plans.purpose[begun]),
        ]
        self.files.append("support_plans", self.name, columns)

    def teaching(self, assigned: Assignments, groups: Groups, days: Days) -> None:
        """Write which teacher has which group."""
        if days[0] > self.until:
            return
        n = len(assigned.group)
        columns = [
            pa.array(staff_codes(self.schools, assigned), pa.string()),
            repeated(self.name, n),
            texts(self.schools.codes, assigned.school),
            texts(group_codes(groups, self.schools, self.year), assigned.group),
            texts(("TOUT", *bulletins.SUBJECT_CODES), assigned.subject + 1),
            texts(("N", "O"), assigned.is_homeroom),
            dates(np.broadcast_to(days[0], n), FILES["assignments"].date_format),
            dates(self._cut(np.broadcast_to(days[-1], n)), FILES["assignments"].date_format),
        ]
        self.files.append("assignments", self.name, columns)

    def _codes(self, student: NDArray[Any]) -> pa.Array[Any]:
        return pa.array(self.identities.codes[self.numbers]).take(student)

    def _cut(self, days: Days) -> Days:
        """Forget what lies after the day the story is cut."""
        return np.where(days > self.until, _NEVER, days)


def group_codes(groups: Groups, schools: Schools, year: int) -> list[str]:
    """Return each group's code, such as 2024-901012-S302: year, school, grade, number."""
    names = schools.codes
    return [
        f"{year}-{names[school]}-{GRADE_CODES[grade]}{number + 1:02d}"
        for school, grade, number in zip(groups.school, groups.grade, groups.number, strict=True)
    ]


def staff_codes(schools: Schools, assigned: Assignments) -> NDArray[Any]:
    """Return each assignment's teacher, such as E901012007: school, then a number."""
    names = np.array(schools.codes)
    numbers = np.char.zfill((assigned.teacher + 1).astype("U3"), 3)
    return np.char.add(np.char.add("E", names[assigned.school]), numbers)

"""Small OneRoster exports, written by hand, and what they change in a small network's tables."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa

from earlywarn.tables.exports import ExportSource, take_up
from earlywarn.tables.extracts import load_extracts
from earlywarn.tables.report import LeftOut, TableIntake
from tests.builders.intake import Network, declare

RECEIVED = date(2026, 11, 20)

# A contract that takes OneRoster's words as they are: it needs no mapping.
CONTRACT = """
[network]
name = "small"
unit = ["student_id"]
student = "student_id"
membership = "enrollments"
school = "school_id"
starts_on = "starts_on"
left_on = "left_on"
[network.periods]
starts = "07-01"

[tables.schools]
grain = "one row per school"
key = ["school_id"]
known_on = "always"
[tables.schools.columns]
school_id = { type = "id", required = true }
district_id = { type = "id" }
district_name = { type = "text" }
name = { type = "text", required = true }
decile = { type = "integer" }

[tables.students]
grain = "one row per student"
key = ["student_id"]
known_on = "always"
[tables.students.columns]
student_id = { type = "id", required = true, pseudonym = true }
family_name = { type = "identity" }
birth_date = { type = "identity" }
sex = { type = "category", allowed = ["female", "male", "other"], sensitive = true }

[tables.enrollments]
grain = "one row per student, school year, school and first day"
key = ["student_id", "school_year", "school_id", "starts_on"]
known_on = "starts_on"
[tables.enrollments.columns]
student_id = { type = "id", required = true, pseudonym = true }
school_year = { type = "text", required = true }
school_id = { type = "id", required = true }
group_id = { type = "id" }
grade = { type = "category", required = true, allowed = ["01", "07"] }
starts_on = { type = "date", required = true }
left_on = { type = "date", known_on = "left_on" }

[tables.staff]
grain = "one row per staff member and school year"
key = ["staff_id", "school_year"]
known_on = "always"
[tables.staff.columns]
staff_id = { type = "id", required = true }
school_year = { type = "text", required = true }
role = { type = "category", required = true, allowed = ["teacher", "principal", "districtAdministrator"] }
school_id = { type = "id" }

[tables.assignments]
grain = "one row per staff member, group and subject"
key = ["staff_id", "group_id", "subject"]
known_on = "starts_on"
[tables.assignments.columns]
staff_id = { type = "id", required = true }
school_year = { type = "text", required = true }
group_id = { type = "id", required = true }
subject = { type = "category", required = true }
is_homeroom = { type = "boolean", required = true }
starts_on = { type = "date", required = true }

[tables.marks]
grain = "one row per student, school year, term and subject"
key = ["student_id", "school_year", "term", "subject"]
known_on = "reported_on"
[tables.marks.columns]
student_id = { type = "id", required = true, pseudonym = true }
school_year = { type = "text", required = true }
term = { type = "text", required = true }
subject = { type = "category", required = true }
mark = { type = "number", min = 0, max = 100, decimals = 1 }
is_final = { type = "boolean", required = true }
reported_on = { type = "date", required = true }
"""

EXTRACTS = "[oneroster]\n"

USERS = (
    "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,"
    "email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,"
    "preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns"
)
LINE_ITEMS = (
    "sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,categorySourcedId,"
    "academicSessionSourcedId,resultValueMin,resultValueMax,schoolSourcedId"
)
RESULTS = (
    "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment,"
    "textScore,classSourcedId,inProgress,incomplete,late,missing"
)
DEMOGRAPHICS = (
    "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,"
    "blackOrAfricanAmerican,nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,"
    "hispanicOrLatinoEthnicity,countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,"
    "publicSchoolResidenceStatus"
)

# Two students in one homeroom and one course, their teacher, a principal, a guardian; one mark each.
BULK: Mapping[str, tuple[str, ...]] = {
    "orgs": (
        "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
        "d1,,,North,district,,",
        "s1,,,Maples,school,,d1",
    ),
    "academicSessions": (
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
        "y27,,,2026-2027,schoolYear,2026-07-01,2027-07-01,,2027",
        "t1,,,Term 1,gradingPeriod,2026-08-28,2026-11-09,y27,2027",
    ),
    "courses": (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
        "c0,,,y27,Homeroom,,07,d1,,",
        "c1,,,y27,Mathematics 7,,07,d1,Mathematics,MAT",
    ),
    "classes": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,"
        "schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods",
        'h1,,,Homeroom 71,07,c0,71,homeroom,,s1,"y27,t1",,,',
        'm1,,,Mathematics 71,07,c1,71,scheduled,,s1,"y27,t1",,,',
    ),
    "users": (
        USERS,
        "u1,,,true,u1,,Ada,Roy,,CODE1,,,,,07,,,,,,,s1,",
        "u2,,,true,u2,,Bea,Cyr,,CODE2,,,,,07,,,,,,,s1,",
        "p1,,,true,p1,,Gil,Roy,,,,,,u1,,,,,,,,,",
        "e1,,,true,e1,,Luc,Hamel,,,,,,,,,,,,,,s1,",
        "e2,,,true,e2,,Eve,Morin,,,,,,,,,,,,,,s1,",
    ),
    "roles": (
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId",
        "r1,,,u1,primary,student,,,s1,",
        "r2,,,u2,primary,student,,,s1,",
        "r3,,,p1,primary,guardian,,,s1,",
        "r4,,,e1,primary,teacher,,,s1,",
        "r5,,,e2,primary,principal,,,s1,",
        "r6,,,e2,secondary,teacher,,,s1,",
    ),
    "enrollments": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
        "n1,,,h1,s1,u1,student,,2026-08-28,",
        "n2,,,h1,s1,u2,student,,2026-09-15,2026-11-01",
        "n3,,,m1,s1,u1,student,,2026-08-28,",
        "n4,,,m1,s1,e1,teacher,true,2026-08-28,",
        "n5,,,h1,s1,e1,teacher,true,,",
    ),
    "categories": ("sourcedId,status,dateLastModified,title,weight", "k1,,,Report card,"),
    "lineItems": (LINE_ITEMS, "i1,,,Mathematics,,2026-08-28,2026-11-08,m1,k1,t1,0,100,s1"),
    "results": (
        RESULTS,
        "x1,,,i1,u1,fully graded,72.5,2026-11-19,,,m1,,,,",
        "x2,,,i1,u2,exempt,,2026-11-19,,,m1,,,,",
    ),
    "demographics": (
        DEMOGRAPHICS,
        "u1,,,2013-05-02,female,,,,,,,,,,,",
        "u2,,,2013-07-09,unspecified,,,,,,,,,,,",
    ),
}


def manifest(modes: Mapping[str, str], *, version: str = "1.2") -> str:
    """Write a manifest that declares these files."""
    stated = ["propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}"]
    return "\n".join([*stated, *(f"file.{name},{mode}" for name, mode in modes.items())]) + "\n"


def pack(
    target: Path, files: Mapping[str, tuple[str, ...]], *, mode: str = "bulk", version: str = "1.2"
) -> Path:
    """Write files given as lines, with a manifest that declares them all, into a zip."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("manifest.csv", manifest(dict.fromkeys(files, mode), version=version))
        for name, lines in files.items():
            packed.writestr(f"{name}.csv", "\n".join(lines) + "\n")
    return target


def with_lines(file: str, *lines: str) -> dict[str, tuple[str, ...]]:
    """Return the bulk export with lines added to one file."""
    return {**BULK, file: (*BULK[file], *lines)}


def replaced(file: str, old: str, new: str) -> dict[str, tuple[str, ...]]:
    """Return the bulk export with a text replaced in one file."""
    assert any(old in line for line in BULK[file])
    return {**BULK, file: tuple(line.replace(old, new) for line in BULK[file])}


def delta(**files: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return files of a delta export: rows under the header of the bulk one."""
    return {name: (BULK[name][0], *lines) for name, lines in files.items()}


Row = tuple[tuple[str, ...], bool]


@dataclass
class Change:
    """What one export changes: each table's texts, whether they are to be deleted, and what gives none."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    left_out: dict[str, list[LeftOut]] = field(default_factory=dict)
    waiting: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    files: dict[str, TableIntake] = field(default_factory=dict)
    n_read: dict[str, int] = field(default_factory=dict)


@dataclass
class Exports:
    """A small network that takes up one export after another, and remembers."""

    network: Network
    memory: dict[str, pa.Table] = field(default_factory=dict)

    def change(
        self,
        files: Mapping[str, tuple[str, ...]] | Path,
        *,
        mode: str = "bulk",
        version: str = "1.2",
        received_on: date = RECEIVED,
    ) -> Change:
        """Take up an export and return what it changes."""
        home = self.network.home
        path = files if isinstance(files, Path) else pack(home / "e.zip", files, mode=mode, version=version)
        extracts = load_extracts(home / "network" / "extracts.toml", self.network.contract)
        source = take_up(
            self.network.contract,
            extracts.oneroster,
            path,
            received_on=received_on,
            recall=self.memory.get,
            threads=1,
        )
        try:
            found = _changes(source)
            self.memory |= dict(source.to_remember())
            return found
        finally:
            source.close()


def _changes(source: ExportSource) -> Change:
    found = Change(files={intake.table: intake for intake in source.intakes})
    for extract in source.extracts.extract:
        name = extract.table
        rows: list[Row] = []
        left_out: list[LeftOut] = []
        waiting: list[tuple[int, str]] = []
        n_read = 0
        columns = [column for column in extract.columns if extract.columns[column].from_ is not None]
        for text in source.open_texts(extract, 1, frozenset()):
            for block in text.blocks():
                n_read += block.n_read
                left_out += block.left_out
                waiting += block.quarantined
                given = block.cells.to_pylist()
                rows += [
                    (tuple(row[column] for column in columns), row["_deleted"] == "yes") for row in given
                ]
        found.rows[name], found.left_out[name] = rows, left_out
        found.waiting[name], found.n_read[name] = waiting, n_read
    return found


def small_network(home: Path, extracts: str = EXTRACTS) -> Exports:
    """Declare the network whose contract takes OneRoster's words."""
    return Exports(declare(home, CONTRACT, extracts))

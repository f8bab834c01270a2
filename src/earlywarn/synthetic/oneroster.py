"""Write the part of the last school year that OneRoster 1.2 covers, as a zip of CSV files in bulk mode.

Attendance, incidents and plans have no place in OneRoster; columns stand in the order of the specification.
"""

from __future__ import annotations

import shutil
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv

_START: Final = ("sourcedId", "status", "dateLastModified")
COLUMNS: Final = {
    "orgs": ("name", "type", "identifier", "parentSourcedId"),
    "academicSessions": ("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    "courses": (
        "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes",
    ),
    "classes": (
        "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
        "termSourcedIds", "subjects", "subjectCodes", "periods",
    ),
    "users": (
        "enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email",
        "sms", "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "resourceSourcedIds",
        "preferredGivenName", "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns",
    ),
    "roles": (
        "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId",
    ),
    "enrollments": (
        "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate",
    ),
    "categories": ("title", "weight"),
    "lineItems": (
        "title", "description", "assignDate", "dueDate", "classSourcedId", "categorySourcedId",
        "academicSessionSourcedId", "resultValueMin", "resultValueMax", "schoolSourcedId",
    ),
    "results": (
        "lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "scoreDate", "comment", "textScore",
        "classSourcedId", "inProgress", "incomplete", "late", "missing",
    ),
    "demographics": (
        "birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
        "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces",
        "hispanicOrLatinoEthnicity", "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth",
        "publicSchoolResidenceStatus",
    ),
}  # fmt: skip
# Every file that the specification names; those not written are declared absent.
_NOT_WRITTEN: Final = (
    "classResources", "courseResources", "resources", "userProfiles", "userResources", "scoreScales",
    "lineItemScoreScales", "resultScoreScales", "lineItemLearningObjectiveIds", "resultLearningObjectiveIds",
)  # fmt: skip
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass
class RosterFiles:
    """The files that will make up the zip; an empty one is not allowed, so the first row makes it."""

    folder: Path
    rows: Counter[str] = field(default_factory=Counter)

    def append(self, name: str, sourced_id: pa.Array[Any], values: Mapping[str, pa.Array[Any]]) -> None:
        """Append rows; columns that are not given stay empty, as `status` must in bulk mode."""
        if not len(sourced_id):
            return
        header = (*_START, *COLUMNS[name])
        empty = pa.nulls(len(sourced_id), pa.string())
        given = {"sourcedId": sourced_id, **values}
        table = pa.table([given.get(column, empty) for column in header], names=list(header))
        options = pyarrow.csv.WriteOptions(include_header=False, batch_size=65_536)
        with (self.folder / f"{name}.csv").open("ab") as handle:
            if not self.rows[name]:
                handle.write((",".join(header) + "\n").encode())
            pyarrow.csv.write_csv(table, handle, options)
        self.rows[name] += len(sourced_id)

    def pack(self, target: Path) -> None:
        """Write the manifest, and put everything into one zip with fixed dates."""
        self._manifest()
        names = ["manifest", *(name for name in COLUMNS if self.rows[name])]
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            for name in names:
                member = zipfile.ZipInfo(f"{name}.csv", _EPOCH)
                member.compress_type = zipfile.ZIP_DEFLATED
                source = (self.folder / f"{name}.csv").open("rb")
                with source, packed.open(member, "w", force_zip64=True) as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
        shutil.rmtree(self.folder)

    def _manifest(self) -> None:
        lines = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.2"]
        lines += [f"file.{name},{'bulk' if self.rows[name] else 'absent'}" for name in COLUMNS]
        lines += [f"file.{name},absent" for name in _NOT_WRITTEN]
        lines += ["source.systemName,earlywarn synthetic network", "source.systemCode,earlywarn"]
        (self.folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

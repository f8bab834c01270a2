"""Version 1.1 is read as if it were 1.2."""

from __future__ import annotations

from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from tests.builders.oneroster import BULK, small_network

USERS = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,"
    "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
)
OLDER = {
    **{name: lines for name, lines in BULK.items() if name not in ("roles", "categories")},
    "users": (
        USERS,
        "u1,,,true,s1,student,u1,,Ada,Roy,,,,,,,07,",
        "u2,,,true,s1,student,u2,,Bea,Cyr,,,,,,,07,",
        "p1,,,true,s1,guardian,p1,,Gil,Roy,,,,,,u1,,",
        'e1,,,true,"s1,s2",teacher,e1,,Luc,Hamel,,,,,,,,',
        "e2,,,true,s1,administrator,e2,,Eve,Morin,,,,,,,,",
        "e3,,,true,d1,administrator,e3,,Ève,Morel,,,,,,,,",
    ),
    "orgs": (*BULK["orgs"], "s2,,,Oaks,school,,d1"),
    "lineItems": (
        "sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,categorySourcedId,"
        "gradingPeriodSourcedId,resultValueMin,resultValueMax",
        "i1,,,Mathematics,,2026-08-28,2026-11-08,m1,k1,t1,0,100",
    ),
    "results": (
        "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment",
        "x1,,,i1,u1,fully graded,72.5,2026-11-19,good",
    ),
}


def test_the_tables_are_those_of_version_1_2(tmp_path: Path) -> None:
    """Roles come from users, one per organization; grading periods under their later name."""
    change = small_network(tmp_path).change(OLDER, version="1.1")

    assert [texts for texts, _ in change.rows["students"]] == [
        ("u1", "Roy", "2013-05-02", "female"),
        ("u2", "Cyr", "2013-07-09", "unspecified"),
    ]
    assert [texts for texts, _ in change.rows["staff"]] == [
        ("e1", "2026-2027", "teacher", "s1"),
        ("e2", "2026-2027", "principal", "s1"),
        ("e3", "2026-2027", "districtAdministrator", ""),
    ]
    assert [(r.rule, r.lines) for r in change.left_out["staff"]] == [
        ("another_role", (5,)),
        ("not_staff", (2, 3, 4)),
    ]
    assert [texts for texts, _ in change.rows["marks"]] == [
        ("u1", "2026-2027", "Term 1", "MAT", "72.5", "gradingPeriod", "2026-11-19")
    ]


def test_a_delta_of_version_1_1_finds_the_roles_of_earlier_users(tmp_path: Path) -> None:
    """A user deleted in a delta takes the role along that was made from it."""
    exports = small_network(tmp_path)
    exports.change(OLDER, version="1.1")
    rows = (
        USERS,
        "e1,tobedeleted,2026-11-21T00:00:00Z,true,s1,teacher,e1,,Luc,Hamel,,,,,,,,",
    )

    change = exports.change({"users": rows}, mode="delta", version="1.1")

    assert change.rows["staff"] == [(("e1", "2026-2027", "", ""), True)]


def test_a_file_of_1_2_in_an_export_of_1_1_is_refused(tmp_path: Path) -> None:
    """The header is that of the version that the manifest states."""
    with pytest.raises(ExtractError, match=r"users.csv: column 17 of the header"):
        small_network(tmp_path).change({**OLDER, "users": BULK["users"]}, version="1.1")

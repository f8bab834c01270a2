"""An export after another changes what it says, and deletes what it says is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.oneroster import BULK, Change, Exports, delta, replaced, small_network, with_lines

STAMP = "2026-11-21T00:00:00Z"
U1_STAY = ("u1", "2026-2027", "s1", "h1", "07", "2026-08-28", "")
U2_STAY = ("u2", "2026-2027", "s1", "h1", "07", "2026-09-15", "2026-10-31")
# Of a key that is gone no more than the key is given.
U1_GONE = ("u1", "2026-2027", "s1", "", "", "2026-08-28", "")
U2_GONE = ("u2", "2026-2027", "s1", "", "", "2026-09-15", "")


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    """Return the small network after its first bulk export."""
    network = small_network(tmp_path)
    network.change(BULK)
    return network


def _changed(change: Change) -> dict[str, list[tuple[tuple[str, ...], bool]]]:
    return {table: rows for table, rows in change.rows.items() if rows}


def test_a_row_to_be_deleted_is_deleted_as_it_was_known(exports: Exports) -> None:
    """The remembered row gives the key, whatever the deleting row leaves empty."""
    row = f"n1,tobedeleted,{STAMP},h1,s1,u1,student,,,"

    change = exports.change(delta(enrollments=(row,)), mode="delta")

    assert _changed(change) == {"enrollments": [(U1_GONE, True)]}


def test_a_changed_row_is_given_again(exports: Exports) -> None:
    """An end date that became known is the same row with another text."""
    row = f"n1,active,{STAMP},h1,s1,u1,student,,2026-08-28,2026-11-21"

    change = exports.change(delta(enrollments=(row,)), mode="delta")

    assert _changed(change) == {"enrollments": [((*U1_STAY[:-1], "2026-11-20"), False)]}


def test_a_row_with_another_key_takes_the_earlier_one_along(exports: Exports) -> None:
    """A corrected first day is a new row and a deletion, not a second stay."""
    row = f"n1,active,{STAMP},h1,s1,u1,student,,2026-08-31,"

    change = exports.change(delta(enrollments=(row,)), mode="delta")

    assert _changed(change) == {"enrollments": [((*U1_STAY[:5], "2026-08-31", ""), False), (U1_GONE, True)]}


def test_rows_that_read_differently_are_given_again(exports: Exports) -> None:
    """A corrected birth date and a changed grade reach the rows that are not in the delta."""
    change = exports.change(
        delta(
            demographics=(f"u1,active,{STAMP},2013-05-03,female,,,,,,,,,,,",),
            users=(f"u2,active,{STAMP},true,u2,,Bea,Cyr,,CODE2,,,,,01,,,,,,,s1,",),
        ),
        mode="delta",
    )

    assert _changed(change) == {
        "students": [
            (("u2", "Cyr", "2013-07-09", "unspecified"), False),
            (("u1", "Roy", "2013-05-03", "female"), False),
        ],
        "enrollments": [((*U2_STAY[:4], "01", *U2_STAY[5:]), False)],
    }


def test_a_delta_may_name_what_only_an_earlier_export_described(exports: Exports) -> None:
    """A mark alone in a delta finds its line item, class, term and student."""
    row = f"x1,active,{STAMP},i1,u1,fully graded,80,2026-11-21,,,m1,,,,"

    change = exports.change(delta(results=(row,)), mode="delta")

    assert _changed(change) == {
        "marks": [(("u1", "2026-2027", "Term 1", "MAT", "80", "gradingPeriod", "2026-11-21"), False)]
    }


def test_a_person_who_is_no_student_any_more_is_deleted(exports: Exports) -> None:
    """A role taken away takes the student's row along; facts stay until they are deleted themselves."""
    row = f"r1,tobedeleted,{STAMP},u1,primary,student,,,s1,"

    change = exports.change(delta(roles=(row,)), mode="delta")

    assert _changed(change) == {"students": [(("u1", "", "", ""), True)]}


def test_a_deletion_of_something_unknown_is_counted(exports: Exports) -> None:
    """A row that was never the table's leaves nothing to delete; the report says so."""
    row = f"n3,tobedeleted,{STAMP},m1,s1,u1,student,,,"

    change = exports.change(delta(enrollments=(row,)), mode="delta")

    assert [(r.rule, r.lines) for r in change.left_out["enrollments"]] == [("never_taken_in", (2,))]
    assert change.n_read["enrollments"] == 1


def test_a_fact_that_another_row_still_states_stays(exports: Exports) -> None:
    """Of two rows that say the same, the deletion of one deletes nothing."""
    exports.change(delta(enrollments=(f"n9,active,{STAMP},h1,s1,u1,student,,2026-08-28,",)), mode="delta")

    change = exports.change(
        delta(enrollments=(f"n9,tobedeleted,{STAMP},h1,s1,u1,student,,2026-08-28,",)), mode="delta"
    )

    assert _changed(change) == {}
    assert [r.rule for r in change.left_out["enrollments"]] == ["still_given"]


def test_a_delta_row_without_status_waits(exports: Exports) -> None:
    """A delta says of each row whether it is active or to be deleted."""
    change = exports.change(delta(orgs=("s1,,,Maples,school,,d1",)), mode="delta")

    assert [(r.column, r.reason) for r in change.files["orgs.csv"].reasons] == [("status", "missing")]


def test_the_same_bulk_again_deletes_nothing(exports: Exports) -> None:
    """Every row of every file is unchanged, and no table has a deletion."""
    change = exports.change(BULK)

    assert all(intake.n_unchanged == intake.n_read for intake in change.files.values())
    assert not [rows for rows in change.rows.values() if any(deleted for _, deleted in rows)]


def test_a_bulk_deletes_what_it_leaves_out(exports: Exports) -> None:
    """An enrollment and an assignment that are gone from the export are gone from the tables."""
    kept = tuple(line for line in BULK["enrollments"] if not line.startswith(("n2,", "n4,")))

    change = exports.change({**BULK, "enrollments": kept})

    assert [row for row in change.rows["enrollments"] if row[1]] == [(U2_GONE, True)]
    assert [row[0][2] for row in change.rows["assignments"] if row[1]] == ["m1"]


def test_a_bulk_keeps_the_years_that_it_does_not_speak_of(exports: Exports) -> None:
    """In a new school year the stays and marks of the last one are history, not deletions."""
    files = {
        **replaced("academicSessions", "2027", "2028"),
        "enrollments": (BULK["enrollments"][0], "n8,,,h1,s1,u1,student,,2027-08-30,"),
        "results": (BULK["results"][0], "x8,,,i1,u1,fully graded,65,2027-11-19,,,m1,,,,"),
    }

    change = exports.change(files)

    assert [row[0][1] for row in change.rows["enrollments"]] == ["2027-2028"]
    assert not [row for rows in change.rows.values() for row in rows if row[1]]


def test_a_bulk_file_with_a_row_that_waits_deletes_nothing(exports: Exports) -> None:
    """The row that is missing may be the one that could not be read."""
    damaged = tuple(line.replace(",h1,s1,u2", ",h1,s1,u2,") for line in BULK["enrollments"])

    change = exports.change({**BULK, "enrollments": damaged})

    assert change.files["enrollments.csv"].n_quarantined == 1
    assert not [row for row in change.rows["enrollments"] if row[1]]


def test_students_and_schools_are_not_deleted_for_being_left_out(exports: Exports) -> None:
    """Who has left is not in the export any more, and stays in the tables."""
    files = {**BULK, "users": tuple(line for line in BULK["users"] if not line.startswith("u2"))}

    change = exports.change(files)

    assert not [row for row in change.rows["students"] if row[1]]


def test_each_system_has_a_memory_of_its_own(exports: Exports, tmp_path: Path) -> None:
    """The bulk export of one system deletes nothing that another one gave."""
    folder = tmp_path / "other"
    folder.mkdir()
    stated = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\nsource.systemCode,other\n"
    for name, lines in {**BULK, "enrollments": BULK["enrollments"][:2]}.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
        stated += f"file.{name},bulk\n"
    (folder / "manifest.csv").write_text(stated)

    change = exports.change(folder)

    assert not [row for rows in change.rows.values() for row in rows if row[1]]
    assert change.files["users.csv"].n_new == 5


def test_names_are_remembered_of_students_alone(exports: Exports) -> None:
    """Of a guardian or a teacher no name is put away."""
    users = next(rows for name, rows in exports.memory.items() if name.endswith("-users"))

    assert dict(zip(users["sourcedId"].to_pylist(), users["familyName"].to_pylist(), strict=True)) == {
        "u1": "Roy",
        "u2": "Cyr",
        "p1": "",
        "e1": "",
        "e2": "",
    }


def test_an_unchanged_file_is_not_put_away_again(exports: Exports) -> None:
    """Only what differs is written; a nightly export of one new mark writes one file."""
    before = dict(exports.memory)

    exports.change(with_lines("results", "x9,,,i1,u2,fully graded,50,2026-11-20,,,m1,,,,"))

    assert [name for name in before if exports.memory[name] is not before[name]] == [
        name for name in before if name.endswith("-results")
    ]


def test_a_first_delta_without_a_bulk_waits_for_what_it_names(tmp_path: Path) -> None:
    """Without an earlier export a mark has no class, term or student: it is held back, not guessed."""
    row = f"x1,active,{STAMP},i1,u1,fully graded,80,2026-11-21,,,m1,,,,"

    change = small_network(tmp_path).change(delta(results=(row,)), mode="delta")

    assert change.waiting["marks"] == [(2, "studentSourcedId:unknown_reference")]
    assert _changed(change) == {}

"""However a change arrives, the tables end the same: by a delta, a bulk export, or that export alone.

`EARLYWARN_CASES` multiplies the number of pairs of exports for a long run by hand.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from earlywarn.tables.oneroster import OneRoster, mapped_tables
from tests.builders.oneroster import BULK, Change, Exports, small_network

N_EXAMPLES = 6 * int(os.environ.get("EARLYWARN_CASES", "1"))

Cells = list[str]
Files = dict[str, list[Cells]]
Version = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
# What may change of a row: the file, the row, the column, and the texts it may take.
_EDITS: tuple[tuple[str, str, int, tuple[str, ...]], ...] = (
    ("users", "u1", 16, ("01", "07")),
    ("users", "u2", 16, ("01", "07", "12")),
    ("users", "u2", 8, ("Cyr", "Côté")),
    ("demographics", "u1", 4, ("female", "male", "other", "unspecified")),
    ("demographics", "u2", 3, ("2013-07-09", "2014-01-01")),
    ("enrollments", "n1", 8, ("2026-08-28", "2026-08-31", "")),
    ("enrollments", "n2", 9, ("", "2026-11-01", "2026-11-15")),
    ("enrollments", "n4", 8, ("2026-08-28", "2026-09-30")),
    ("results", "x1", 6, ("72.5", "80", "")),
    ("results", "x2", 5, ("exempt", "fully graded", "submitted")),
    ("courses", "c1", 9, ("MAT", "SCI")),
    ("classes", "m1", 11, ("", "ART")),
    ("roles", "r2", 5, ("student", "guardian")),
    ("roles", "r3", 5, ("guardian", "principal")),
    ("orgs", "d1", 3, ("North", "South")),
    ("academicSessions", "t1", 3, ("Term 1", "Term 2")),
)
# Rows that nothing refers to, which may be missing.
_FREE = (
    ("enrollments", "n1"),
    ("enrollments", "n3"),
    ("enrollments", "n5"),
    ("results", "x2"),
    ("roles", "r3"),
    ("roles", "r6"),
    ("demographics", "u2"),
)
# Deletions by leaving out are for facts of a school year; of these the bulk exports must agree.
_OF_A_YEAR = ("enrollments", "assignments", "staff", "marks")


@st.composite
def _versions(draw: st.DrawFn) -> Version:
    """Draw one text for each place that may change, and rows that are missing."""
    texts = tuple(draw(st.sampled_from(edit[3])) for edit in _EDITS)
    return texts, tuple(draw(st.lists(st.sampled_from(_FREE), max_size=4, unique=True)))


def _files(version: Version) -> Files:
    files = {name: [line.split(",") for line in lines] for name, lines in BULK.items()}
    files["classes"] = [line.replace('"y27,t1"', "y27").split(",") for line in BULK["classes"]]
    for (name, row, column, _), text in zip(_EDITS, version[0], strict=True):
        next(cells for cells in files[name] if cells[0] == row)[column] = text
    for name, row in version[1]:
        files[name] = [cells for cells in files[name] if cells[0] != row]
    return files


def _lines(files: Files) -> dict[str, tuple[str, ...]]:
    return {name: tuple(",".join(cells) for cells in rows) for name, rows in files.items()}


def _delta(first: Files, later: Files) -> dict[str, tuple[str, ...]]:
    """Return the rows of `later` that are new or other, and those of `first` that are gone."""
    found = {}
    for name, rows in later.items():
        before = {cells[0]: cells for cells in first[name][1:]}
        now = {cells[0]: cells for cells in rows[1:]}
        changed = [_stamped(c, "active") for key, c in now.items() if before.get(key) != c]
        gone = [_stamped(c, "tobedeleted") for key, c in before.items() if key not in now]
        if changed or gone:
            found[name] = (",".join(rows[0]), *changed, *gone)
    return found


def _stamped(cells: Cells, status: str) -> str:
    return ",".join([cells[0], status, "2026-11-21T00:00:00Z", *cells[3:]])


def _after(exports: Exports, *changes: Change) -> dict[str, set[tuple[str, ...]]]:
    """Return each table's rows after some changes, by the contract's keys."""
    tables = {}
    for name, table in exports.network.contract.tables.items():
        columns = _columns(name, exports)
        places = [columns.index(key) for key in table.key_columns]
        rows: dict[tuple[str, ...], tuple[str, ...]] = {}
        for change in changes:
            for texts, deleted in change.rows[name]:
                key = tuple(texts[place] for place in places)
                if deleted:
                    rows.pop(key, None)
                else:
                    rows[key] = texts
        tables[name] = set(rows.values())
    return tables


def _named(wanted: dict[str, set[tuple[str, ...]]], first: Files, later: Files) -> dict[str, Any]:
    """Return what a delta leads to: names are kept of students alone, so one who only now is has none yet."""
    unchanged = {cells[0] for cells in later["users"] if cells in first["users"]}
    nameless = (_students(later) - _students(first)) & unchanged
    rows = {(row[0], "" if row[0] in nameless else row[1], *row[2:]) for row in wanted["students"]}
    return {**wanted, "students": rows}


def _students(files: Files) -> set[str]:
    return {cells[3] for cells in files["roles"] if cells[5] == "student"}


def _columns(name: str, exports: Exports) -> list[str]:
    return list(mapped_tables(exports.network.contract, OneRoster())[name].columns)


_FIRST = tuple(edit[3][0] for edit in _EDITS)
_NO_STUDENT_YET = tuple("guardian" if edit[:2] == ("roles", "r2") else edit[3][0] for edit in _EDITS)


@settings(max_examples=N_EXAMPLES, deadline=None)
@given(one=_versions(), two=_versions())
@example(one=(_NO_STUDENT_YET, ()), two=(_FIRST, ()))
def test_a_delta_and_a_bulk_export_agree(one: Version, two: Version) -> None:
    """Row by row the tables are those of the later export, whichever way they came there."""
    first, later = _files(one), _files(two)
    with tempfile.TemporaryDirectory() as home:
        by_delta = small_network(Path(home) / "delta")
        opening = by_delta.change(_lines(first))
        changed = _delta(first, later)
        steps = [by_delta.change(changed, mode="delta")] if changed else []
        by_bulk = small_network(Path(home) / "bulk")
        again = [by_bulk.change(_lines(first)), by_bulk.change(_lines(later))]
        alone = small_network(Path(home) / "alone")
        only = alone.change(_lines(later))
        wanted = _after(alone, only)

        assert _after(by_delta, opening, *steps) == _named(wanted, first, later)
        assert {t: _after(by_bulk, *again)[t] for t in _OF_A_YEAR} == {t: wanted[t] for t in _OF_A_YEAR}

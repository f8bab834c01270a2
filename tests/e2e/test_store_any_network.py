"""For any network and any scope, what is shown is what ten lines of plain Python would show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from earlywarn.domain import SchoolId, Scope, StudentId
from earlywarn.store import DatabaseUrls, Store, load_night, open_store
from tests.builders import store as build
from tests.e2e.test_store_scope import shown_by_policies

STUDENTS, SCHOOLS, GROUPS, STAFF = ["a", "b", "c", "d"], ["s1", "s2", "s3"], ["g1", "g2"], ["t1", "t2"]
CSS = {"s1": "x", "s2": "x", "s3": "y"}
days = st.integers(0, 9).map(lambda day: date(2026, 11, 1) + timedelta(days=day))
spans = st.tuples(days, st.one_of(st.none(), days))
networks = st.fixed_dictionaries(
    {
        "enrollments": st.lists(
            st.tuples(st.sampled_from(STUDENTS), st.sampled_from(SCHOOLS), spans), max_size=8
        ),
        "members": st.lists(st.tuples(st.sampled_from(STUDENTS), st.sampled_from(GROUPS), spans), max_size=6),
        "assignments": st.lists(
            st.tuples(st.sampled_from(STAFF), st.sampled_from(GROUPS), st.sampled_from(SCHOOLS), spans),
            max_size=4,
        ),
    }
)
scopes = st.builds(
    Scope,
    role=st.sampled_from(["teacher", "principal", "css", "ministry", "system"]),
    account_id=st.just("somebody"),
    today=days,
    staff_id=st.one_of(st.none(), st.sampled_from(STAFF)),
    school_ids=st.lists(st.sampled_from(SCHOOLS).map(SchoolId), max_size=2).map(tuple),
    css_id=st.sampled_from([None, "", "x", "y"]),
    all_schools=st.booleans(),
)
Network = dict[str, list[tuple[Any, ...]]]


def reference(network: Network, scope: Scope) -> set[str]:
    """Say in the plainest words whom the scope may see."""

    def now(span: tuple[date, date | None]) -> bool:
        return span[0] <= scope.today and (span[1] is None or scope.today <= span[1])

    seen = set()
    for student, school, span in network["enrollments"]:
        taught = any(
            now(s) and now(m) and (t, at, who) == (scope.staff_id, school, student) and group == of
            for t, group, at, s in network["assignments"]
            for who, of, m in network["members"]
        )
        may = {
            "teacher": taught,
            "principal": school in scope.school_ids,
            "css": CSS[str(school)] == scope.css_id,
            "system": scope.all_schools or school in scope.school_ids,
            "ministry": False,
        }[scope.role]
        if may and now(span):
            seen.add(str(student))
    return seen


@pytest.fixture(scope="module")
def store(database: DatabaseUrls, owner: Engine) -> Iterator[Store]:
    """Return a store in which all four students stand on a list."""
    run = build.run()
    units = [json.dumps([student]) for student in STUDENTS]
    scores = run.scores.slice(0, 4)
    for column, values in (("student_id", STUDENTS), ("unit", units)):
        scores = scores.set_column(scores.column_names.index(column), column, pa.array(values))
    load_night(owner, runs=[replace(run, scores=scores)])
    store = open_store(database.service)
    yield store
    store.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(network=networks, asked=st.lists(scopes, min_size=1, max_size=5))
def test_every_scope_sees_exactly_its_own(
    store: Store, owner: Engine, network: Network, asked: list[Scope]
) -> None:
    """List, look-up and the policies alone all give the reference's set."""
    flat = {name: [(*row[:-1], *row[-1]) for row in given] for name, given in network.items()}
    columns = ["starts_on", "ends_on"]
    load_night(
        owner,
        tables={
            "schools": build.rows(["school_id", "name", "css_id"], [(s, s, CSS[s]) for s in SCHOOLS]),
            "enrollments": build.rows(
                ["student_id", "school_id", "grade", "starts_on", "left_on"],
                [
                    (student, school, "sec1", start, end)
                    for student, school, start, end in flat["enrollments"]
                ],
            ),
            "group_members": build.rows(["student_id", "group_id", *columns], flat["members"]),
            "assignments": build.rows(["staff_id", "group_id", "school_id", *columns], flat["assignments"]),
        },
    )

    for scope in asked:
        expected = reference(network, scope)
        listed = {entry.student_id for entry in store.scores.my_students(scope, route="test").entries}
        assert listed == expected
        assert store.scores.resolve(scope, [StudentId(student) for student in STUDENTS]) == expected
        assert shown_by_policies(store.engine, scope, "scores") == expected

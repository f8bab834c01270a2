"""Staff answer a flag in their own name and scope, and training is told which rows were answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine, TextClause, text
from sqlalchemy.exc import DBAPIError

from earlywarn.domain import Scope, StudentId
from earlywarn.errors import NotFoundError, StoreError
from earlywarn.evaluation import ACTED_ON, NOT_ACTED_ON, NOT_LISTED
from earlywarn.pipeline.answers import answered_words, words_of
from earlywarn.store import DatabaseUrls, Flags, Store, load_night, open_store, read_flags
from earlywarn.store.roles import transaction
from earlywarn.store.scope import enter
from tests.builders import store as build
from tests.builders.network import tiny_contract

PERIOD = "2026-2027"


@pytest.fixture(scope="module")
def store(database: DatabaseUrls, owner: Engine) -> Iterator[Store]:
    """Return a store in which six students are on the list of `dropout`, and nobody on that of `quiet`."""
    load_night(owner, tables=build.scope_tables())
    load_night(owner, runs=[build.run()])
    load_night(owner, runs=[build.run("quiet", listed=False)])
    store = open_store(database.service)
    yield store
    store.close()


def answer(store: Store, scope: Scope, student: str, word: Any, model: str = "dropout") -> None:
    """Answer one student's flag."""
    store.answers.record(scope, StudentId(student), model=model, unit=(student,), answer=word)


def as_teacher(store: Store, statement: TextClause, values: dict[str, str]) -> None:
    """Run a statement as the service does for Ms. One."""
    with transaction(store.engine) as connection:
        enter(connection, build.teacher())
        connection.execute(statement, values)


def matrix_of(*students: str) -> Any:
    """Return rows of students, in this period and in the one before."""
    rows = [(student, period) for student in students for period in (PERIOD, "2025-2026")]
    names = pa.table({"student_id": [row[0] for row in rows], "period": [row[1] for row in rows]})
    return type("Rows", (), {"rows": names})()


def test_before_any_answer_nothing_is_said(store: Store, owner: Engine, database: DatabaseUrls) -> None:
    """No answer is not the same as not acted on."""
    assert store.answers.engine is store.engine
    assert read_flags(owner, "quiet") is None
    assert answered_words(matrix_of("ana"), tiny_contract(), "quiet", database) is None
    assert answered_words(matrix_of("ana"), tiny_contract(), "quiet", None) is None


def test_an_answer_is_kept_with_the_flag_it_answers(
    store: Store, owner: Engine, database: DatabaseUrls
) -> None:
    """A plan made is acted on, whatever else was said; the same student was never listed the year before."""
    answer(store, build.teacher(), "ana", "known_already")
    answer(store, build.teacher(), "ana", "plan_made")
    answer(store, build.principal("s1"), "bob", "not_relevant")

    flags = read_flags(owner, "dropout")
    words = answered_words(matrix_of("ana", "bob", "cy", "zoe"), tiny_contract(), "dropout", database)

    assert flags is not None
    assert flags.answers == {
        (("ana",), PERIOD): frozenset({"known_already", "plan_made"}),
        (("bob",), PERIOD): frozenset({"not_relevant"}),
    }
    assert len(flags.listed) == 6
    assert words is not None
    assert words.tolist()[::2] == [ACTED_ON, NOT_ACTED_ON, NOT_ACTED_ON, NOT_LISTED]
    assert set(words.tolist()[1::2]) == {NOT_LISTED}


@pytest.mark.parametrize(
    ("scope", "student", "model"),
    [
        (build.teacher(), "cy", "dropout"),
        (build.principal("s2"), "ana", "dropout"),
        (build.nobody(), "ana", "dropout"),
        (build.teacher(), "ana", "quiet"),
        (build.teacher(), "ana", "unknown"),
    ],
)
def test_only_a_flag_in_scope_is_answered(store: Store, scope: Scope, student: str, model: str) -> None:
    """Not yours, not listed and not there are the same refusal."""
    with pytest.raises(NotFoundError, match="no such flag"):
        answer(store, scope, student, "plan_made", model)


@pytest.mark.parametrize(
    ("actor", "student", "word"),
    [
        ("somebody else", "ana", "plan_made"),
        ("teacher-one", "cy", "plan_made"),
        ("teacher-one", "ana", "help"),
    ],
)
def test_the_database_refuses_by_itself(store: Store, actor: str, student: str, word: str) -> None:
    """In another's name, about another's student, or with another word: the policies alone say no."""
    statement = text(
        "INSERT INTO earlywarn.answers "
        "(actor, role, student_id, unit, model, version, as_of, period, answer) "
        "VALUES (:actor, 'teacher', :student, '[]', 'dropout', '1', '2026-11-20', '2026-2027', :word)"
    )
    with pytest.raises((DBAPIError, StoreError)):
        as_teacher(store, statement, {"actor": actor, "student": student, "word": word})


def test_an_answer_is_never_changed_or_removed(store: Store) -> None:
    """The service holds no right to edit what was answered."""
    for statement in ("UPDATE earlywarn.answers SET answer = 'plan_made'", "DELETE FROM earlywarn.answers"):
        with pytest.raises((DBAPIError, StoreError)):
            as_teacher(store, text(statement), {})


def test_an_answered_flag_of_a_run_that_is_gone_still_counts() -> None:
    """Answers outlive the run that listed the student."""
    flags = Flags(frozenset({(("ana",), PERIOD)}), {(("ana",), PERIOD): frozenset({"plan_made"})})

    words = words_of(matrix_of("ana"), tiny_contract(), flags)

    assert np.unique(words).tolist() == sorted([ACTED_ON, NOT_LISTED])
    assert replace(flags, answers={}).listed == flags.listed

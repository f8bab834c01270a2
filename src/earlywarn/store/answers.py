"""Keep what staff answer to a flag, and tell training which flags were answered, by pseudonym only.

An answer is about one student on one current roster. It decides nothing, it is no feature, and no note is
taken with it: one of three words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, func, insert, select

from earlywarn.domain import Scope, StudentId
from earlywarn.errors import NotFoundError
from earlywarn.store.loading import loading
from earlywarn.store.schema import answers, current_runs, score_runs, scores
from earlywarn.store.scope import is_visible_student, scoped

AnswerWord = Literal["plan_made", "known_already", "not_relevant"]
UnitKey = tuple[str, ...]


@dataclass(frozen=True)
class AnswerKeeper:
    """Write answers, for those in whose scope the student is."""

    engine: Engine

    def record(
        self, scope: Scope, student_id: StudentId, *, model: str, unit: UnitKey, answer: AnswerWord
    ) -> None:
        """Keep an answer to a flag of the run in use.

        Raises:
            NotFoundError: The student is not in scope, or does not stand on a current roster of this model.
        """
        flag = (
            select(scores.c.unit, score_runs.c.version, scores.c.as_of, scores.c.period)
            .join(current_runs, current_runs.c.run_id == scores.c.run_id)
            .join(score_runs, score_runs.c.run_id == scores.c.run_id)
            .where(
                current_runs.c.model == model,
                scores.c.student_id == student_id,
                scores.c.is_listed,
                is_visible_student(scope, scores.c.student_id),
            )
        )
        with scoped(self.engine, scope) as connection:
            found = [row for row in connection.execute(flag) if tuple(json.loads(row.unit)) == unit]
            if not found:
                raise NotFoundError("there is no such flag", todo="answer a student on a current roster")
            given = {"actor": scope.account_id, "role": scope.role, "student_id": student_id, "model": model}
            # Inline: the service may add a row, not ask back which number it got.
            statement = insert(answers).inline().values(**given, **found[0]._mapping, answer=answer)
            connection.execute(statement)


@dataclass(frozen=True)
class Flags:
    """Which units a model ever listed, by period, and what the answers to those flags were."""

    listed: frozenset[tuple[UnitKey, str]]
    answers: Mapping[tuple[UnitKey, str], frozenset[str]]


def read_flags(owner: Engine, model: str) -> Flags | None:
    """Return a model's flags of all runs with their answers; None where nobody has ever answered one."""
    answered = select(answers.c.unit, answers.c.period, func.array_agg(answers.c.answer.distinct()))
    answered = answered.where(answers.c.model == model).group_by(answers.c.unit, answers.c.period)
    flagged = (
        select(scores.c.unit, scores.c.period)
        .join(score_runs, score_runs.c.run_id == scores.c.run_id)
        .where(score_runs.c.model == model, score_runs.c.shown_since.is_not(None), scores.c.is_listed)
        .distinct()
    )
    with loading(owner) as connection:
        given = {
            (tuple(json.loads(unit)), period): frozenset(words)
            for unit, period, words in connection.execute(answered)
        }
        if not given:
            return None
        listed = frozenset((tuple(json.loads(unit)), period) for unit, period in connection.execute(flagged))
    return Flags(listed | given.keys(), given)

"""A run says what it was made from, so that whatever differs later can be named."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from earlywarn.evaluation import ACTED_ON, NOT_LISTED
from earlywarn.modeling import with_answers
from earlywarn.pipeline.data_used import UsedBatch, answers_digest, differences, matrix_digest
from earlywarn.pipeline.environment import installed_versions, lock_text, versions_from
from earlywarn.pipeline.rebuild import notes_of
from earlywarn.pipeline.run_record import Recipe
from earlywarn.tables import Ledger
from earlywarn.tables.ledger import Rotation
from tests.builders.matrices import labeled_matrix, shuffled


def _batch(table: str, digest: str, number: int = 1) -> UsedBatch:
    return UsedBatch(table=table, batch=number, received_on=date(2026, 11, 20), n_rows=3, digest=digest)


def test_the_same_batches_differ_in_nothing_even_where_more_came() -> None:
    """A later batch is none of an earlier run's business."""
    before = [_batch("marks", "a")]

    assert differences(before, [*before, _batch("marks", "b", 2)], Ledger(network="net")) == []


def test_a_rotation_of_the_keys_is_named_as_such() -> None:
    """The rows are the same, their pseudonyms are not: folds and ties would fall otherwise."""
    rotation = Rotation(
        rotated_on=date(2026, 12, 1), after_batch=1, former_key="a", key="b", replaced={"old": "new"}
    )
    ledger = Ledger(network="net", rotations=(rotation,))

    found = differences([_batch("marks", "old"), _batch("stays", "x")], [_batch("marks", "new")], ledger)

    assert found == [
        "marks batch 1 (received 2026-11-20) has another digest: a rotation of the keys wrote it anew",
        "stays batch 1 (received 2026-11-20) is not in this workspace",
    ]


def test_the_matrix_digest_sees_every_value_and_the_order() -> None:
    """The same matrix has one digest; one other label or another order has another."""
    matrix = labeled_matrix(n_students=20)
    labels = matrix.labels
    assert labels is not None
    turned = [not labels["label"][0].as_py(), *labels["label"].to_pylist()[1:]]
    changed = labeled_matrix(n_students=20)
    object.__setattr__(changed, "labels", labels.set_column(0, "label", pa.array(turned, pa.bool_())))

    digest = matrix_digest(matrix)

    assert digest == matrix_digest(labeled_matrix(n_students=20))
    assert len({digest, matrix_digest(changed), matrix_digest(shuffled(matrix, seed=1))}) == 3


def test_answers_that_are_not_those_of_the_run_are_named() -> None:
    """They change nothing that was trained, but the sheet tells of them."""
    matrix = labeled_matrix(n_students=20)
    words = np.array([NOT_LISTED] * len(matrix))
    acted = np.array([ACTED_ON, *words[1:]])
    none, before, again = (answers_digest(with_answers(matrix, one)) for one in (None, words, acted))

    def noted(now: str | None) -> list[str]:
        recipes = [_recipe(answers) for answers in (before, now)]
        return [line for line in notes_of(recipes[0], recipes[1], (), {}) if "answers" in line]

    assert none is None
    assert noted(before) == []
    assert len(noted(again)) == len(noted(none)) == 1


def _recipe(answers: str | None) -> Recipe:
    return Recipe(
        network="net",
        model="low",
        today=date(2026, 11, 20),
        seed=0,
        n_threads=1,
        matrix="m",
        answers=answers,
        batches=(),
    )


def test_the_lock_names_what_training_needs_and_what_that_needs() -> None:
    """Down to what no declaration names, and back from text."""
    versions = installed_versions()

    assert {"numpy", "lightgbm", "mlflow", "joblib"} <= set(versions)
    assert "pytest" not in versions
    assert versions_from(lock_text(versions)) == versions


@pytest.mark.parametrize("name", ["numpy", "duckdb"])
def test_the_lock_says_the_installed_version(name: str) -> None:
    """It is read from what is installed, not from what was asked for."""
    from importlib import metadata

    assert installed_versions()[name] == metadata.version(name)

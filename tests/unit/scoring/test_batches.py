"""The scorer from Arrow to Arrow: equal bits however rows come, and refusals that name the feature."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from earlywarn.errors import TableError
from earlywarn.features import Encoding
from earlywarn.publication import unsigned_model
from earlywarn.scoring import (
    SCORES,
    PublishedModel,
    phrases_of,
    score_batch,
    score_features,
    score_values,
)
from tests.builders.published import FEATURES, example_rows, write_bundle

N_ROWS = 300


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> PublishedModel:
    """Return a model of lines and of trees of two seeds."""
    return unsigned_model(write_bundle(tmp_path_factory.mktemp("bundle")).folder, version="1")


def batch_of(rows: np.ndarray) -> pa.RecordBatch:
    """Return rows as Arrow has them, with whose they are in front and behind."""
    columns: dict[str, Any] = {"unit": [f"u{number}" for number in range(len(rows))]}
    columns |= dict(zip(FEATURES, rows.T, strict=True))
    return pa.RecordBatch.from_pydict({**columns, "school": ["s"] * len(rows)})


def test_a_batch_says_what_the_model_says(model: PublishedModel) -> None:
    """Whose rows they are comes back first, then margins, risks and reasons of the model itself."""
    rows = example_rows(N_ROWS)
    rows[7, 1:] = np.nan

    found = score_features(model, batch_of(rows))

    numbers = score_batch(model, rows)
    assert found.schema.names == ["unit", "school", *SCORES.names]
    assert found["unit"].to_pylist() == [f"u{number}" for number in range(N_ROWS)]
    for name, column in (("margin", numbers.margins), ("risk", numbers.risks)):
        assert found[name].to_numpy(zero_copy_only=False).tobytes() == column.tobytes()
    assert found["not_scored_because"].to_pylist() == [None] * 7 + ["too_little_data"] + [None] * 292
    scores, phrases = score_values(model, rows), phrases_of(model)
    rows_told: list[Any] = found["reasons"].to_pylist()
    told = [phrases.reasons(tuple(one.values()) for one in row) for row in rows_told]
    assert told == [list(score.reasons) for score in scores]
    assert sum(map(len, told)) > N_ROWS


@pytest.mark.parametrize("size", [1, 7, 299])
def test_cuts_into_batches_change_no_bit(model: PublishedModel, size: int) -> None:
    """One row at a time or all at once: the same table."""
    batch = batch_of(example_rows(N_ROWS))

    parts = [score_features(model, batch.slice(start, size)) for start in range(0, N_ROWS, size)]

    assert pa.Table.from_batches(parts).equals(pa.Table.from_batches([score_features(model, batch)]))


def test_nulls_and_narrow_types_are_numbers_as_well(model: PublishedModel) -> None:
    """A null is missing, and 0.25 is 0.25 in half precision, too; the order of columns is nobody's."""
    rows = example_rows(N_ROWS)
    rows[:, 6] = np.round(rows[:, 6] * 4) / 4
    wide = batch_of(rows)
    names = list(reversed(FEATURES))
    kinds = {"late__share__period": pa.float16(), "period_day": pa.int32(), FEATURES[-1]: pa.bool_()}
    narrow = {
        name: pa.array(rows[:, FEATURES.index(name)], kinds.get(name, pa.float64()), from_pandas=True)
        for name in names
        if name != FEATURES[-1]
    }
    narrow[FEATURES[-1]] = pa.array(rows[:, -1] == 1.0)

    found = score_features(model, pa.RecordBatch.from_pydict(narrow))

    assert found.equals(score_features(model, wide).select(SCORES.names))


def test_codes_are_encoded_as_in_training(model: PublishedModel) -> None:
    """A column of codes becomes the model's 0/1 features; no code is a missing value."""
    rows = example_rows(4)
    encoding = replace(model, encoding=Encoding({"plan__one_of__all": ("yes",)}))
    rows[:, -1] = [1.0, 0.0, np.nan, 0.0]
    given = batch_of(rows).drop_columns([FEATURES[-1]])
    codes = given.append_column("plan__one_of__all", pa.array(["yes", "no", None, "later"]))

    assert score_features(encoding, codes).equals(score_features(model, batch_of(rows)))


def test_what_is_missing_or_no_number_is_named(model: PublishedModel) -> None:
    """The refusal names the feature, and repeats no value."""
    batch = batch_of(example_rows(3))
    words = batch.drop_columns(["late__share__period"])

    with pytest.raises(TableError, match="no feature 'late__share__period'"):
        score_features(model, words)
    words = words.append_column("late__share__period", pa.array(["secret"] * 3))
    with pytest.raises(TableError, match="'late__share__period' holds no numbers") as caught:
        score_features(model, words)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_number_is_named(model: PublishedModel, value: float) -> None:
    """What is more than any number would make a score that is none."""
    rows = example_rows(3)
    rows[1, 2] = value

    with pytest.raises(TableError, match=f"'{FEATURES[2]}' holds an infinite number"):
        score_features(model, batch_of(rows))


def test_a_column_named_as_a_score_is_named(model: PublishedModel) -> None:
    """Two columns of one name would leave it open which is the score."""
    batch = batch_of(example_rows(3)).append_column("risk", pa.array(["secret"] * 3))

    with pytest.raises(TableError, match="a column 'risk'") as caught:
        score_features(model, batch)
    assert "secret" not in str(caught.value)

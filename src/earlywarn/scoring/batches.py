"""Score from Arrow to Arrow: feature rows in, and scores, risks, ranges and reasons out.

A pure function of a published model and a batch: it reads no file, no clock and no setting, and knows nothing
of what runs it. One machine, Dask and Spark call it alike, and give the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from earlywarn.errors import TableError
from earlywarn.features import Encoding, code_columns
from earlywarn.scoring.published import PublishedModel
from earlywarn.scoring.scores import TOO_LITTLE_DATA, can_compile, score_batch
from earlywarn.scoring.telling import REASONS, arrow_reasons
from earlywarn.scoring.trees import Floats

_COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("margin", "risk", "risk_low", "risk_high"), pa.float64()),
    "not_scored_because": pa.string(),
    "reasons": REASONS,
}
SCORES = pa.schema(_COLUMNS)
"""What `score_features` adds to what a row already says of its unit."""


def score_features(model: PublishedModel, rows: pa.RecordBatch) -> pa.RecordBatch:
    """Score a batch of feature rows; grain of the answer: one row per row given, in the order given.

    Args:
        model: A verified published model.
        rows: A column of numbers for each of the model's features, or of codes where its encoding makes
            features of them; NaN and null are missing. All other columns say whose row it is.

    Returns:
        Those other columns as they were, then the columns of `SCORES`: the margin (log-odds; points for a
        list by rules), the calibrated risk and the bounds of its range (shares; null where the model has
        none), and why there is no score, else null. `reasons` are at most five of a row, those that raise the
        estimate first: the number of what is spoken of in `phrases_of(model).spoken` (its code, feature and
        words), its attribution in log-odds, and the evidence, as value, own past and peers' median. Equal
        bits for equal rows, however they are cut into batches.

    Raises:
        TableError: A feature's column is missing, holds no numbers or an infinite one, or another column has
            the name of a score's.
    """
    values, used = _values(model, rows)
    kept = [name for name in rows.schema.names if name not in used]
    for name in set(kept) & set(SCORES.names):
        raise TableError(
            f"the rows have a column '{name}', which is what scores are given as",
            where="rows",
            todo="give it another name, or leave it out",
        )
    batch = score_batch(model, values, many=can_compile())
    is_out = ~batch.is_scored
    because = pa.array(np.where(is_out, TOO_LITTLE_DATA, ""), pa.string(), mask=~is_out)
    numbers = (_numbers(column) for column in (batch.margins, batch.risks, batch.low, batch.high))
    return pa.RecordBatch.from_arrays(
        [*(rows.column(name) for name in kept), *numbers, because, arrow_reasons(batch.told)],
        schema=pa.schema([*(rows.schema.field(name) for name in kept), *SCORES]),
    )


def _values(model: PublishedModel, rows: pa.RecordBatch) -> tuple[Floats, set[str]]:
    """Return the rows' values in the model's frozen order, and the columns that they were taken from."""
    given, encoded = set(rows.schema.names), _encoded_codes(model, rows)
    # By column, as the batch has them: each is copied in one go.
    values = np.empty((len(model.features), rows.num_rows))
    for place, name in enumerate(model.features):
        if name in encoded:
            values[place] = encoded[name]
        elif name in given:
            values[place] = _column(rows.column(name), name)
        else:
            raise TableError(
                f"the rows give no feature '{name}'",
                where=f"{model.model} version {model.version}",
                todo="give rows of the tables that it was trained on, or train and publish it again",
            )
    for wrong in np.flatnonzero(np.isinf(values).any(axis=1)).tolist():
        raise TableError(
            f"the feature '{model.features[wrong]}' holds an infinite number",
            where="rows",
            todo="give a finite number, or null where none is known",
        )
    return values.T, (given & set(model.features)) | (given & set(model.encoding.levels))


def _encoded_codes(model: PublishedModel, rows: pa.RecordBatch) -> dict[str, npt.NDArray[np.float64]]:
    found: dict[str, npt.NDArray[np.float64]] = {}
    for name, levels in model.encoding.levels.items():
        if name in rows.schema.names:
            columns = code_columns(pa.chunked_array([rows.column(name)]), levels)
            found |= zip(Encoding({name: levels}).names, columns, strict=True)
    return found


def _column(column: pa.Array[Any], name: str) -> npt.NDArray[np.float64]:
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        raise TableError(f"the feature '{name}' holds no numbers", where="rows", todo="give it as numbers")
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def _numbers(values: Floats) -> pa.Array[pa.DoubleScalar]:
    return pa.array(values, pa.float64(), mask=np.isnan(values))

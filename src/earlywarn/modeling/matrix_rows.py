"""Turn a matrix into the arrays that fitting needs, and keep out the units with too little data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.errors import TrainingError
from earlywarn.evaluation import (
    AbstentionSheet,
    Days,
    Flags,
    Floats,
    Indexes,
    Words,
    abstention_sheet,
    crossed,
)
from earlywarn.features import (
    Catalog,
    Encoding,
    Matrix,
    Outcome,
    QuantileOutcome,
    encode,
    encoded_catalog,
    fit_encoding,
)
from earlywarn.modeling.cuts import CutRule
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.values import MOST_AT_ONCE, Values, stored_columns

if TYPE_CHECKING:
    from earlywarn.modeling.spec import ScoringSpec


ANSWERED = "_answered"
"""The column of a matrix's groups with what staff answered; groups are audited and never features."""


def with_answers(matrix: Matrix, words: Words | None) -> Matrix:
    """Return a matrix that knows what staff answered, one word per row; unchanged where nobody has."""
    if words is None:
        return matrix
    return replace(
        matrix, groups=matrix.groups.append_column(ANSWERED, pa.array(words.tolist(), pa.string()))
    )


@dataclass(frozen=True, eq=False)
class Encoded:
    """A matrix encoded by the levels of some of its rows."""

    encoding: Encoding
    catalog: Catalog
    values: Values

    @property
    def signs(self) -> Floats:
        """Return the declared sign of each column."""
        return np.array([entry.sign for entry in self.catalog], dtype=np.float64)


def fit_levels(matrix: Matrix, train: Indexes) -> Encoding:
    """Fit the levels of codes on training rows."""
    needed = {name: entry.min_count for name, entry in matrix.code_entries.items()}
    return fit_encoding(matrix.codes.take(train), needed)


def encode_with(matrix: Matrix, encoding: Encoding) -> Encoded:
    """Encode all rows with fitted levels."""
    catalog = _catalog(matrix, encoding)
    return Encoded(encoding, catalog, encode(matrix, encoding)[1])


def _catalog(matrix: Matrix, encoding: Encoding) -> Catalog:
    catalog = encoded_catalog(matrix, encoding)
    if (*matrix.features.column_names, *encoding.names) != catalog.names:
        raise TrainingError("the matrix and its catalog name different columns")
    return catalog


EncodeBy = Callable[[Encoding], Encoded]


@dataclass(frozen=True)
class PlacedMatrix(Matrix):
    """Rows of a large matrix, whose features stay where they are; what is taken of it has features again."""

    source: Matrix = field(kw_only=True)
    places: Indexes = field(kw_only=True)

    def take(self, mask: np.ndarray) -> Matrix:
        """Return the rows where a boolean mask is true, or at the given positions, in that order."""
        return self.source.take(self.places[mask])

    def encoded(self, encoding: Encoding) -> Encoded:
        """Encode all rows, as they are asked for."""
        values = stored_columns(self.source, encoding, self.places)
        return Encoded(encoding, _catalog(self.source, encoding), values)


def taken(matrix: Matrix, mask: Flags, *, most: int = MOST_AT_ONCE) -> tuple[Matrix, EncodeBy]:
    """Return the rows where a mask is true, and what encodes them.

    Features of more than `most` values are not copied: they stay where they are and are encoded from there, a
    few rows at a time.
    """
    if len(matrix) * len(matrix.features.column_names) <= most:
        kept = matrix.take(mask)
        return kept, partial(encode_with, kept)
    places = np.flatnonzero(mask)
    placed = PlacedMatrix(
        rows=matrix.rows.take(places),
        features=matrix.features.slice(0, 0),
        codes=matrix.codes.take(places),
        labels=None if matrix.labels is None else matrix.labels.take(places),
        groups=matrix.groups.take(places),
        peers=matrix.peers,
        catalog=matrix.catalog,
        code_entries=matrix.code_entries,
        left_out=matrix.left_out,
        code_labels=matrix.code_labels,
        source=matrix,
        places=places,
    )
    return placed, placed.encoded


def in_frozen_order(matrix: Matrix) -> Matrix:
    """Sort a matrix by unit and as-of date, so that the order rows came in changes no bit of a model."""
    names = matrix.rows.column_names
    # Whatever names the unit stands before its school: a student may have several units in one period.
    unit = names[: names.index("school_id")]
    keys: list[tuple[str, Literal["ascending"]]] = [
        (name, "ascending") for name in dict.fromkeys([*unit, "as_of", "period", "moment"])
    ]
    order = pc.sort_indices(matrix.rows, sort_keys=keys).to_numpy()
    return matrix if (np.diff(order) == 1).all() else matrix.take(order.astype(np.int64))


def rows_of(
    matrix: Matrix,
    *,
    encode_by: EncodeBy | None = None,
    groups: tuple[str, ...],
    capacity_per: tuple[str, ...],
    today: date,
    sizes: dict[str, int] | None = None,
    outcome: Outcome | None = None,
    fold_by: str | None = None,
    has_days: bool = True,
) -> LabeledRows:
    """Read a labeled matrix as arrays; a label that is known only after today is not yet known.

    Raises:
        TrainingError: It has no labels, or an audited group or the column of folds is not among its columns.
    """
    unknown = [name for name in groups if name not in matrix.groups.column_names]
    if unknown:
        raise TrainingError(
            f"[audit] names '{unknown[0]}', which no table of the network has",
            todo=f"name one of {', '.join(sorted(matrix.groups.column_names)) or 'none'}",
        )

    labels = labels_of(matrix)
    kept: dict[str, Encoded] = {}

    def encoder(train: Indexes) -> tuple[tuple[str, ...], Floats, Values]:
        encoding = fit_levels(matrix, train)
        key = encoding.to_json()
        if key not in kept:
            # Splits mostly agree on their levels; a matrix is large, so only the latest is kept.
            kept.clear()
            kept[key] = encode_with(matrix, encoding) if encode_by is None else encode_by(encoding)
        encoded = kept[key]
        return encoded.catalog.names, encoded.signs, encoded.values

    return LabeledRows(
        encoder=encoder,
        label=label_on(matrix, today),
        label_known_on=_days(labels["label_known_on"]),
        as_of=_days(matrix.rows["as_of"]),
        period=words_of(matrix.rows["period"]),
        moment=words_of(matrix.rows["moment"]),
        student=words_of(matrix.rows["student_id"]),
        school=words_of(matrix.rows["school_id"]),
        grade=words_of(matrix.rows["grade"]),
        groups={name: words_of(matrix.groups[name]) for name in groups},
        capacity_per=capacity_per,
        period_sizes=sizes or {},
        rule=cut_rule(matrix, outcome, today) if isinstance(outcome, QuantileOutcome) else None,
        fold_by=None if fold_by is None else _fold_words(matrix, fold_by),
        answered=words_of(matrix.groups[ANSWERED]) if ANSWERED in matrix.groups.column_names else None,
        unit=_units(matrix),
        happened_on=_days(labels["happened_on"]) if "happened_on" in labels.column_names else None,
        has_days=has_days,
    )


def _units(matrix: Matrix) -> Words | None:
    """Return who each row is, where the student alone does not say it; rows begin with the unit's columns."""
    names = matrix.rows.column_names
    unit = names[: names.index("school_id")]
    return None if unit == ["student_id"] else crossed(*(words_of(matrix.rows[name]) for name in unit))


def _fold_words(matrix: Matrix, name: str) -> Words:
    """Return the group that folds leave out: the school, the grade, the student, or a declared column."""
    own = {"school": "school_id", "student": "student_id"}.get(name, name)
    for table in (matrix.rows, matrix.groups):
        if own in table.column_names:
            return words_of(table[own])
    raise TrainingError(
        f"[splits] leaves out groups of '{name}', which no table of the network has",
        todo="name school, grade, student, or a code of the membership table",
    )


def cut_rule(matrix: Matrix, outcome: QuantileOutcome, today: date) -> CutRule:
    """Return what labels are cut from: each row's value as known today, and its group."""
    parts = [words_of(matrix.rows[name]) for name in outcome.per]
    group = crossed(*parts) if parts else np.full(len(matrix), "")
    return CutRule(_known(matrix, "label_value", today), group, outcome)


def is_known(matrix: Matrix, outcome: Outcome, today: date) -> Flags:
    """Return which rows have a label today, or the value that one is cut from."""
    column = "label_value" if isinstance(outcome, QuantileOutcome) else "label"
    return np.isfinite(_known(matrix, column, today))


def label_on(matrix: Matrix, today: date) -> Floats:
    """Return 1, 0, or NaN for each row, as known today."""
    return _known(matrix, "label", today)


def _known(matrix: Matrix, column: str, today: date) -> Floats:
    labels = labels_of(matrix)
    values = labels[column].cast(pa.float64()).to_numpy(zero_copy_only=False)
    known_on = _days(labels["label_known_on"])
    return np.where(known_on <= np.datetime64(today), values, np.nan).astype(np.float64)


def labels_of(matrix: Matrix) -> pa.Table:
    """Return a matrix's labels.

    Raises:
        TrainingError: It has none.
    """
    if matrix.labels is None:
        raise TrainingError("the matrix has no labels", todo="build it with an outcome")
    return matrix.labels


def period_sizes(matrix: Matrix, chosen: Flags) -> dict[str, int]:
    """Count some rows by period."""
    names, counts = np.unique(words_of(matrix.rows["period"])[chosen], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def enough_data(matrix: Matrix, needs_any: tuple[str, ...]) -> Flags:
    """Return which rows know at least one of these features; all of them where none is asked for.

    Raises:
        TrainingError: A feature is not among the allowed families.
    """
    if not needs_any:
        return np.ones(len(matrix), dtype=bool)
    unknown = [name for name in needs_any if name not in matrix.features.column_names]
    if unknown:
        raise TrainingError(
            f"[scoring] needs '{unknown[0]}', which this model's families do not give",
            todo="name a feature of the allowed families",
        )
    known = np.column_stack([~np.isnan(matrix.features[name].to_numpy()) for name in needs_any])
    return np.asarray(known.any(axis=1))


def abstained_of(matrix: Matrix, enough: Flags, scoring: ScoringSpec) -> AbstentionSheet | None:
    """Count whom a spec leaves unscored, per grade and where they are most."""
    return abstention_sheet(
        enough,
        student=words_of(matrix.rows["student_id"]),
        school=words_of(matrix.rows["school_id"]),
        grade=words_of(matrix.rows["grade"]),
        because={"fr": scoring.fr, "en": scoring.en},
    )


def _days(column: pa.ChunkedArray[Any]) -> Days:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype="datetime64[D]")


def words_of(column: pa.ChunkedArray[Any]) -> Words:
    """Return a column as text, empty where nothing is known."""
    # Few of millions of words are distinct: each becomes a string of Python once.
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    names = np.array([*encoded.dictionary.to_pylist(), ""], dtype=np.str_)
    places = encoded.indices.fill_null(names.size - 1).to_numpy(zero_copy_only=False)
    return np.asarray(names[places])

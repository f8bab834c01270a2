"""The tables of one model's part of a run: scores with reasons, rosters in numbers, and the peer snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.domain import Progress, no_progress
from earlywarn.features import Matrix, group_keys
from earlywarn.pipeline.declared_inputs import DeclaredInputs
from earlywarn.publication import PublishedModel
from earlywarn.scoring import (
    RULES,
    SCORES,
    TIE_RULE,
    capacity_of,
    cut_rosters,
    score_features,
    share_in_words,
)
from earlywarn.tables import Contract

TABLES = ("scores", "rosters", "peers")
"""What a model's part of a run is made of; see `ModelScores`."""
_BLOCK = 8192
_SMALLEST_PEER_GROUP = 10
_NEEDS_ESCAPE = r'["\\\x00-\x1f]'
Words: TypeAlias = "pa.Array[pa.StringScalar]"
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ModelScores:
    """What one model says of some schools: the tables of a run, by school."""

    scores: pa.Table
    rosters: pa.Table
    peers: pa.Table


def score_model(
    model: PublishedModel,
    matrix: Matrix,
    declared: DeclaredInputs,
    *,
    data_as_of: date,
    progress: Progress = no_progress,
) -> ModelScores:
    """Score a matrix with one model; grain of `scores`: one row per unit and period, school after school."""
    told = _scored(model, matrix, progress)
    margins = told["margin"].to_numpy()
    ranks = ranks_of(model, matrix, declared.contract, margins)
    is_listed = ranks > 0
    said = {name: _words(matrix, name) for name in ("student_id", "school_id", "grade", "period", "moment")}
    scores = pa.table(
        {
            "unit_id": _unit_ids(matrix, declared.contract),
            "unit": json_lists([_words(matrix, name) for name in declared.contract.network.unit]),
            **said,
            "model": pa.repeat(model.model, len(matrix)),
            "version": pa.repeat(model.version, len(matrix)),
            "as_of": matrix.rows["as_of"].combine_chunks().cast(pa.date32()),
            "data_as_of": pa.repeat(pa.scalar(data_as_of, pa.date32()), len(matrix)),
            "rank": pa.array(ranks.astype(np.int32), mask=~is_listed),
            "is_listed": pa.array(is_listed),
            **{name: told[name].combine_chunks() for name in told.column_names},
        }
    )
    # A stable sort: within a school, rows stay in the frozen order of the matrix.
    by_school = pc.sort_indices(scores, sort_keys=[("school_id", "ascending")])
    return ModelScores(
        scores.take(by_school).combine_chunks(),
        _rosters(model, scores.select(["school_id", "grade", "is_listed", "margin"])),
        _peers(matrix, declared),
    )


def _scored(model: PublishedModel, matrix: Matrix, progress: Progress) -> pa.Table:
    """Return what the scorer says of each row, block by block."""
    rows = pa.table(
        [*matrix.features.columns, *matrix.codes.columns],
        names=[*matrix.features.column_names, *matrix.codes.column_names],
    )
    found: list[pa.RecordBatch] = []
    done = 0
    for block in rows.to_batches(max_chunksize=_BLOCK):
        found.append(score_features(model, block).select(SCORES.names))
        done += block.num_rows
        progress(f"score {model.model}", done, rows.num_rows)
    return pa.Table.from_batches(found, SCORES)


def ranks_of(model: PublishedModel, matrix: Matrix, contract: Contract, margins: Floats) -> Integers:
    """Cut the lists of a matrix, one for each period, school and, where lists are per grade, grade.

    Whoever meets no rule is on no list by rules, however much room it has.

    Returns:
        Each row's rank on its list, from 1; 0 where it is not listed.
    """
    parts = {"school": "school_id", "grade": "grade"}
    names = ("period", *(parts[name] for name in model.capacity_per))
    return cut_rosters(
        _groups(pa.table({name: _words(matrix, name) for name in names})),
        np.where(margins > 0, margins, np.nan) if model.kind == RULES else margins,
        students=_words(matrix, "student_id"),
        units=_unit_ids(matrix, contract),
        share=model.capacity_share,
    )


def _rosters(model: PublishedModel, scores: pa.Table) -> pa.Table:
    """Return a row per school and grade: how many there are, listed or not scored, and what to expect."""
    groups = (
        scores.group_by(["school_id", "grade"], use_threads=False)
        .aggregate([([], "count_all"), ("is_listed", "sum"), ("margin", "count")])
        .sort_by([("school_id", "ascending"), ("grade", "ascending")])
    )
    n_students = groups["count_all"].to_numpy()
    facts: dict[str, object] = {"capacity_share": model.capacity_share, "tie_rule": TIE_RULE}
    if model.expected_precision is not None:
        facts["expected_share"] = model.expected_precision
        facts["expected_share_words"] = {
            "fr": share_in_words(model.expected_precision, "fr"),
            "en": share_in_words(model.expected_precision, "en"),
        }
    n_not_scored = n_students - groups["margin_count"].to_numpy()
    told = [
        {**facts, "capacity": capacity_of(n, model.capacity_share), "n_not_scored": n_out}
        for n, n_out in zip(n_students.tolist(), n_not_scored.tolist(), strict=True)
    ]
    return pa.table(
        {
            "school_id": groups["school_id"].combine_chunks(),
            "grade": groups["grade"].combine_chunks(),
            "model": pa.repeat(model.model, groups.num_rows),
            "n_students": groups["count_all"].combine_chunks().cast(pa.int32()),
            "n_listed": groups["is_listed_sum"].combine_chunks().cast(pa.int32()),
            "facts": pa.array([orjson.dumps(said).decode() for said in told], pa.string()),
        }
    )


def _peers(matrix: Matrix, declared: DeclaredInputs) -> pa.Table:
    """Return the peer snapshot with each group's key also as one JSON object; small groups are left out."""
    large = matrix.peers.filter(pc.greater_equal(matrix.peers["n"], pa.scalar(_SMALLEST_PEER_GROUP)))
    keys = large.select(group_keys(declared.contract))
    # A group has a row for each feature, and is put into words once.
    _, first, groups = np.unique(_groups(keys), return_index=True, return_inverse=True)
    # A rank's group has no school, and a peer group nothing but its own columns.
    told = [
        orjson.dumps({key: value for key, value in one.items() if value is not None}).decode()
        for one in keys.take(first).to_pylist()
    ]
    return large.append_column("peers", pa.array(told, pa.string()).take(groups))


def _words(matrix: Matrix, name: str) -> Words:
    """Return a column as text, empty where nothing is known."""
    return cast("Words", matrix.rows[name].combine_chunks().cast(pa.string()).fill_null(""))


def _unit_ids(matrix: Matrix, contract: Contract) -> Words:
    return _joined(*(_words(matrix, name) for name in contract.network.unit), "|")


def json_lists(columns: Sequence[Words]) -> Words:
    """Return each row's texts as a JSON list, a text from each column.

    >>> json_lists([pa.array(["p1", "p2"]), pa.array(["maths", "art"])]).to_pylist()
    ['["p1","maths"]', '["p2","art"]']
    """
    return _joined("[", _joined(*map(_quoted, columns), ","), "]", "")


def _quoted(texts: Words) -> Words:
    """Return texts as JSON strings; those of most networks need no escape, and are not looked at singly."""
    if pc.any(pc.match_substring_regex(texts, _NEEDS_ESCAPE)).as_py():
        return pa.array([orjson.dumps(text).decode() for text in texts.to_pylist()], pa.string())
    return _joined('"', texts, '"', "")


def _joined(*parts: Words | str) -> Words:
    """Return each row's texts, and what is the same for all rows, joined by the last part."""
    join: Any = pc.binary_join_element_wise
    return cast("Words", join(*parts))


def _groups(rows: pa.Table) -> Integers:
    """Return the number of each row's group: rows that are alike in all columns have the same."""
    numbers = np.zeros(rows.num_rows, dtype=np.int64)
    for column in rows.columns:
        encoded: Any = column.combine_chunks().dictionary_encode(null_encoding="encode")
        numbers = numbers * len(encoded.dictionary) + encoded.indices.to_numpy()
    return numbers

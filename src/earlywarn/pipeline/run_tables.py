"""The tables of one model's part of a run: scores with reasons, rosters in numbers, and the peer snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.domain import Progress, no_progress
from earlywarn.features import Matrix, group_keys
from earlywarn.pipeline.declared_inputs import DeclaredInputs, unit_keys
from earlywarn.publication import PublishedModel
from earlywarn.scoring import (
    RULES,
    SCORES,
    TIE_RULE,
    Place,
    capacity_of,
    cut_rosters,
    phrases_of,
    score_features,
    share_in_words,
)
from earlywarn.store import WORDS

_BLOCK = 8192
_SMALLEST_PEER_GROUP = 10
Words = list[str]
Floats = npt.NDArray[np.float64]


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
    students, schools, grades = (_words(matrix, name) for name in ("student_id", "school_id", "grade"))
    keys = unit_keys(matrix, declared.contract)
    units = ["|".join(key) for key in keys]
    lists = lists_of(model, matrix)
    places = places_of(model, lists, margins, students, units)
    ranked = {place.row: place.rank for place in places}
    ranks = [ranked.get(row) for row in range(len(units))]
    words = {
        "unit_id": units,
        "unit": [orjson.dumps(key).decode() for key in keys],
        "student_id": students,
        "school_id": schools,
        "grade": grades,
        "period": _words(matrix, "period"),
        "moment": _words(matrix, "moment"),
    }
    scores = pa.table(
        {
            # Some schools may have nobody of the cohort: their columns are of the same type.
            **{name: pa.array(column, pa.string()) for name, column in words.items()},
            "model": pa.repeat(model.model, len(units)),
            "version": pa.repeat(model.version, len(units)),
            "as_of": matrix.rows["as_of"].combine_chunks().cast(pa.date32()),
            "data_as_of": pa.repeat(pa.scalar(data_as_of, pa.date32()), len(units)),
            "rank": pa.array(ranks, pa.int32()),
            "is_listed": pa.array([rank is not None for rank in ranks], pa.bool_()),
            **{name: told[name].combine_chunks() for name in told.column_names},
        }
    )
    # A stable sort: within a school, rows stay in the frozen order of the matrix.
    by_school = pc.sort_indices(scores, sort_keys=[("school_id", "ascending")])
    return ModelScores(
        scores.take(by_school).combine_chunks(),
        _rosters(model, schools, grades, places, np.isnan(margins)),
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


def lists_of(model: PublishedModel, matrix: Matrix) -> list[tuple[str, ...]]:
    """Name the list of each row: its period, its school, and its grade where lists are per grade."""
    parts = {"school": "school_id", "grade": "grade"}
    names = ("period", *(parts[name] for name in model.capacity_per))
    return list(zip(*(_words(matrix, name) for name in names), strict=True))


def places_of(
    model: PublishedModel,
    lists: Sequence[tuple[str, ...]],
    margins: Floats,
    students: Words,
    units: Words,
) -> list[Place]:
    """Cut the lists; whoever meets no rule is on no list by rules, however much room it has."""
    ranking = np.where(margins > 0, margins, np.nan) if model.kind == RULES else margins
    return cut_rosters(lists, ranking, students=students, units=units, share=model.capacity_share)


def _rosters(
    model: PublishedModel,
    schools: Words,
    grades: Words,
    places: Sequence[Place],
    abstained: npt.NDArray[np.bool_],
) -> pa.Table:
    """Return a row per school and grade: how many there are, listed or not scored, and what to expect."""
    n_students: dict[tuple[str, str], int] = defaultdict(int)
    n_listed: dict[tuple[str, str], int] = defaultdict(int)
    n_not_scored: dict[tuple[str, str], int] = defaultdict(int)
    for group, is_out in zip(zip(schools, grades, strict=True), abstained.tolist(), strict=True):
        n_students[group] += 1
        n_not_scored[group] += is_out
    for place in places:
        n_listed[schools[place.row], grades[place.row]] += 1
    groups = sorted(n_students)
    facts: dict[str, object] = {"capacity_share": model.capacity_share, "tie_rule": TIE_RULE}
    if model.expected_precision is not None:
        facts["expected_share"] = model.expected_precision
        facts["expected_share_words"] = {
            "fr": share_in_words(model.expected_precision, "fr"),
            "en": share_in_words(model.expected_precision, "en"),
        }
    share = model.capacity_share
    told = [
        {
            **facts,
            "capacity": capacity_of(n_students[group], share),
            "n_not_scored": n_not_scored[group],
        }
        for group in groups
    ]
    return pa.table(
        {
            "school_id": pa.array([school for school, _ in groups], pa.string()),
            "grade": pa.array([grade for _, grade in groups], pa.string()),
            "model": pa.array([model.model] * len(groups), pa.string()),
            "n_students": pa.array([n_students[group] for group in groups], pa.int32()),
            "n_listed": pa.array([n_listed[group] for group in groups], pa.int32()),
            "facts": pa.array([orjson.dumps(said).decode() for said in told], pa.string()),
        }
    )


def _peers(matrix: Matrix, declared: DeclaredInputs) -> pa.Table:
    """Return the peer snapshot with each group's key also as one JSON object; small groups are left out."""
    large = matrix.peers.filter(pc.greater_equal(matrix.peers["n"], pa.scalar(_SMALLEST_PEER_GROUP)))
    keys = group_keys(declared.contract)
    columns = [large[name].to_pylist() for name in keys]
    # A rank's group has no school, and a peer group nothing but its own columns.
    groups = [
        orjson.dumps(
            {key: value for key, value in zip(keys, values, strict=True) if value is not None}
        ).decode()
        for values in zip(*columns, strict=True)
    ]
    return large.append_column("peers", pa.array(groups, pa.string()))


def facts_of(model: PublishedModel) -> dict[str, object]:
    """Return what a run says of itself and of its model."""
    shown = ("kind", "trained_on", "base_rate", "expected_precision", "moments", "capacity")
    return {
        "network": model.network,
        "outcome": dict(model.outcome),
        "not_scored_because": dict(model.abstention.words),
        WORDS: phrases_of(model).to_json(),
        **{name: model.details[name] for name in shown if name in model.details},
    }


def _words(matrix: Matrix, name: str) -> Words:
    return ["" if value is None else str(value) for value in matrix.rows[name].to_pylist()]

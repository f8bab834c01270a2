"""The tables of one model's part of a run: scores with reasons, rosters in numbers, and the peer snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.domain import Progress
from earlywarn.features import Matrix, frozen_order, group_keys
from earlywarn.pipeline.declared_inputs import DeclaredInputs, encoded_values, unit_keys
from earlywarn.publication import PublishedModel
from earlywarn.scoring import (
    RULES,
    TIE_RULE,
    TOO_LITTLE_DATA,
    Place,
    can_compile,
    capacity_of,
    cut_rosters,
    phrases_of,
    score_batch,
    share_in_words,
    told_json,
)
from earlywarn.store import WORDS, RunToLoad

_BLOCK = 8192
_SMALLEST_PEER_GROUP = 10
Words = list[str]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ModelScores:
    """What one model says of some schools: the tables of a run, and the rows' keys for their order."""

    scores: pa.Table
    rosters: pa.Table
    peers: pa.Table
    keys: pa.Table


def score_model(
    model: PublishedModel,
    matrix: Matrix,
    declared: DeclaredInputs,
    *,
    data_as_of: date,
    progress: Progress,
) -> ModelScores:
    """Score a matrix with one model; grain of `scores`: one row per unit and period."""
    values = encoded_values(matrix, model.encoding, model.features, where=model.model)
    margins, told = _scored(model, values, progress)
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
        "model": [model.model] * len(units),
        "version": [model.version] * len(units),
    }
    scores = pa.table(
        {
            # Some schools may have nobody of the cohort: their columns are of the same type.
            **{name: pa.array(column, pa.string()) for name, column in words.items()},
            "as_of": matrix.rows["as_of"].combine_chunks().cast(pa.date32()),
            "data_as_of": pa.array([data_as_of] * len(units), pa.date32()),
            "rank": pa.array(ranks, pa.int32()),
            "is_listed": pa.array([rank is not None for rank in ranks], pa.bool_()),
            **told,
        }
    )
    return ModelScores(
        scores,
        _rosters(model, schools, grades, places, np.isnan(margins)),
        _peers(matrix, declared),
        matrix.rows.select([*declared.contract.network.unit, "as_of", "period"]),
    )


def whole_run(
    model: PublishedModel,
    parts: Sequence[ModelScores],
    *,
    as_of: date,
    data_as_of: date,
    seen: Mapping[str, object],
) -> RunToLoad:
    """Put what a model says of all schools together, in the order of a matrix built at once."""
    scores, rosters, peers, keys = (
        pa.concat_tables([getattr(part, name) for part in parts])
        for name in ("scores", "rosters", "peers", "keys")
    )
    if len(parts) > 1:
        unit = [name for name in keys.column_names if name not in ("as_of", "period")]
        scores = scores.take(frozen_order(keys, unit)).combine_chunks()
        rosters = rosters.sort_by([("school_id", "ascending"), ("grade", "ascending")])
    return RunToLoad(
        model=model.model,
        version=model.version,
        as_of=as_of,
        data_as_of=data_as_of,
        facts={**_facts(model), **seen},
        scores=scores,
        rosters=rosters,
        peers=peers,
    )


def _scored(
    model: PublishedModel, values: Floats, progress: Progress
) -> tuple[Floats, dict[str, pa.Array[Any]]]:
    """Return the margins, NaN where not scored, and the columns of what is stored of each score."""
    numbers = np.full((4, len(values)), np.nan)
    reasons: Words = []
    for start in range(0, len(values), _BLOCK):
        block = np.ascontiguousarray(values[start : start + _BLOCK])
        batch = score_batch(model, block, many=can_compile())
        numbers[:, start : start + _BLOCK] = batch.margins, batch.risks, batch.low, batch.high
        reasons += told_json(batch.told)
        progress(f"score {model.model}", len(reasons), len(values))
    names = ("margin", "risk", "risk_low", "risk_high")
    columns = {name: _numbers(row) for name, row in zip(names, numbers, strict=True)}
    is_out = np.isnan(numbers[0])
    because = pa.array(np.where(is_out, TOO_LITTLE_DATA, ""), pa.string(), mask=~is_out)
    told = {"not_scored_because": because, "reasons": pa.array(reasons, pa.string())}
    return numbers[0], {**columns, **told}


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


def _facts(model: PublishedModel) -> dict[str, object]:
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


def _numbers(values: Floats) -> pa.Array[pa.DoubleScalar]:
    return pa.array(values, pa.float64(), mask=np.isnan(values))

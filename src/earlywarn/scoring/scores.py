"""Scores with their reasons: from values in a frozen order, or from feature rows that a caller posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import TableError
from earlywarn.scoring.points import reasons_for
from earlywarn.scoring.published import PublishedModel
from earlywarn.scoring.reasons import Reason
from earlywarn.scoring.trees import Floats

_BLOCK = 4096
_LARGEST = 1e12
_MOST_PROBLEMS = 100
TOO_LITTLE_DATA = "too_little_data"
"""The code of an abstention: nothing is known of the unit beyond the calendar."""


@dataclass(frozen=True)
class Score:
    """One unit's score: a margin, a calibrated risk and reasons, or why there is none.

    A list by rules gives points as the margin, and no risk.
    """

    margin: float | None
    risk: float | None
    reasons: tuple[Reason, ...]
    not_scored_because: str | None = None
    risk_low: float | None = None
    risk_high: float | None = None
    """Between these two the risk may lie; None where the model was published without a range."""


def score_values(model: PublishedModel, values: Floats, *, progress: Progress = no_progress) -> list[Score]:
    """Score encoded feature values, one unit a row, columns as in `model.features`."""
    scores: list[Score] = []
    for start in range(0, len(values), _BLOCK):
        scores += _score_block(model, np.ascontiguousarray(values[start : start + _BLOCK]))
        progress(f"score {model.model}", len(scores), len(values))
    return scores


def _score_block(model: PublishedModel, values: Floats) -> list[Score]:
    attributions = model.attributions(values)
    margins = model.margins_of(attributions)
    risks = model.risks(margins)
    reasons = reasons_for(model, values, attributions)
    ranges = model.ranges(margins, risks)
    known = ~np.isnan(values[:, model.needed])
    enough = np.logical_or.reduce(known, axis=1).tolist()
    return [
        Score(float(margins[i]), _known(risks[i]), tuple(reasons[i]), None, *_range_of(ranges, i))
        if enough[i]
        else Score(None, None, (), TOO_LITTLE_DATA)
        for i in range(len(values))
    ]


def _known(risk: float) -> float | None:
    """Return a risk; a list by rules has none."""
    return None if np.isnan(risk) else float(risk)


def _range_of(ranges: tuple[Floats, Floats] | None, row: int) -> tuple[float | None, float | None]:
    return (None, None) if ranges is None else (float(ranges[0][row]), float(ranges[1][row]))


def score_rows(model: PublishedModel, rows: Sequence[Mapping[str, float | None]]) -> list[Score]:
    """Score posted feature rows; a feature given as None is missing, one not given is an error.

    Raises:
        TableError: Lists every problem by the row's position and the field's name, without a value.
    """
    return score_values(model, values_of(model, rows))


def values_of(model: PublishedModel, rows: Sequence[Mapping[str, float | None]]) -> Floats:
    """Check feature rows, and put them into the model's frozen order.

    Raises:
        TableError: Lists every problem by the row's position and the field's name, without a value.
    """
    problems: list[str] = []
    values = np.full((len(rows), len(model.features)), np.nan)
    wanted, known = model.features, set(model.features)
    for i, row in enumerate(rows):
        for j, name in enumerate(wanted):
            value = row.get(name, _ABSENT)
            problem = _problem(value)
            if problem:
                problems.append(f"row {i}: '{name}' {problem}")
            elif isinstance(value, (int, float)):
                values[i, j] = value
        n_unknown = sum(name not in known for name in row)
        if n_unknown:
            problems.append(f"row {i}: {n_unknown} fields are no feature of the model")
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        said = "; ".join(problems[:_MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
        raise TableError(said, where="rows", todo="send each feature as a finite number or null")
    return values


_ABSENT = object()


def _problem(value: object) -> str | None:
    if value is None:
        return None
    if value is _ABSENT:
        return "is not given"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "is not a number"
    if not -_LARGEST <= value <= _LARGEST:
        return "is not a finite number of believable size"
    return None

"""Scores with their reasons: from values in a frozen order, or from feature rows that a caller posts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isnan

import numpy as np

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import TableError
from earlywarn.scoring.points import phrases_of, tell
from earlywarn.scoring.published import PublishedModel
from earlywarn.scoring.telling import N_NUMBERS, Reason, Told, told_lists
from earlywarn.scoring.trees import Flags, Floats

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


@dataclass(frozen=True, eq=False)
class ScoredBatch:
    """The scores of many units in numbers, one a row; NaN where a unit was not scored."""

    margins: Floats
    risks: Floats
    """NaN for a list by rules, too."""
    low: Floats
    high: Floats
    """NaN where the model was published without a range."""
    told: Told
    """Reasons in numbers; `phrases_of` the model puts them into words."""

    @property
    def is_scored(self) -> Flags:
        """Say who was scored: of whom enough is known."""
        return ~np.isnan(self.margins)


def score_batch(
    model: PublishedModel, values: Floats, *, many: bool = False, reasons: bool = True
) -> ScoredBatch:
    """Score encoded feature values in numbers, one unit a row, columns as in `model.features`.

    Args:
        model: The published model.
        values: Encoded feature values, (rows, features).
        many: Whether machine code does what it can: the same bits, for whoever has thousands of rows.
        reasons: Whether reasons are wanted; without them `told` has no place. Of many rows they always are.
    """
    if many:
        # The service has few rows at a time, and loads no compiler.
        from earlywarn.scoring.blocks import score_blocks

        margins, told, unknown = score_blocks(model, values)
    else:
        attributions = model.attributions(values)
        margins = model.margins_of(attributions)
        told = tell(model, values, attributions) if reasons else np.empty((len(values), 0, N_NUMBERS))
        unknown = np.logical_and.reduce(np.isnan(values[:, model.needed]), axis=1)
    risks = model.risks(margins)
    nothing = np.full(len(values), np.nan)
    low, high = model.ranges(margins, risks) or (nothing, nothing)
    if unknown.any():
        margins, risks, low, high = (np.where(unknown, np.nan, one) for one in (margins, risks, low, high))
        told = np.where(np.reshape(unknown, (-1, 1, 1)), np.nan, told)
    return ScoredBatch(margins, risks, low, high, told)


@cache
def can_compile() -> bool:
    """Say whether machine code can be had here: numba is there, and finds a folder to keep what it makes."""
    try:
        import earlywarn.scoring.blocks  # noqa: F401
    except (ImportError, RuntimeError):
        return False
    return True


def score_values(
    model: PublishedModel, values: Floats, *, progress: Progress = no_progress, reasons: bool = True
) -> list[Score]:
    """Score encoded feature values with reasons in words, one unit a row, columns as in `model.features`.

    Without `reasons` the same scores come sooner, and none has any.
    """
    scores: list[Score] = []
    phrases = phrases_of(model)
    for start in range(0, len(values), _BLOCK):
        batch = score_batch(model, np.ascontiguousarray(values[start : start + _BLOCK]), reasons=reasons)
        numbers = (one.tolist() for one in (batch.margins, batch.risks, batch.low, batch.high))
        for margin, risk, low, high, told in zip(*numbers, told_lists(batch.told), strict=True):
            if isnan(margin):
                scores.append(Score(None, None, (), TOO_LITTLE_DATA))
                continue
            said = tuple(phrases.reasons(told))
            scores.append(Score(margin, _known(risk), said, None, _known(low), _known(high)))
        progress(f"score {model.model}", len(scores), len(values))
    return scores


def _known(number: float) -> float | None:
    """Return a number, or None where there is none: a list by rules has no risk."""
    return None if isnan(number) else number


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
    pick, n_features = model.pick, len(model.features)
    found: list[Sequence[object]] = []
    for row in rows:
        try:
            found.append(pick(row))
        except KeyError:
            raise _refusal(model, rows) from None
        if len(row) != n_features or not _NUMBERS.issuperset(map(type, found[-1])):
            raise _refusal(model, rows)
    values = np.array([[_NAN if x is None else x for x in row] for row in found], dtype=np.float64)
    n_missing = sum(row.count(None) for row in found)
    if np.count_nonzero(np.abs(values) <= _LARGEST) != values.size - n_missing:
        raise _refusal(model, rows)
    return values.reshape(len(rows), n_features)


def _refusal(model: PublishedModel, rows: Sequence[Mapping[str, float | None]]) -> TableError:
    """Say everything that is wrong with rows of which something is."""
    problems: list[str] = []
    known = set(model.features)
    for i, row in enumerate(rows):
        said = ((name, _problem(row.get(name, _ABSENT))) for name in model.features)
        problems += [f"row {i}: '{name}' {problem}" for name, problem in said if problem]
        n_unknown = sum(name not in known for name in row)
        if n_unknown:
            problems.append(f"row {i}: {n_unknown} fields are no feature of the model")
    more = len(problems) - _MOST_PROBLEMS
    told = "; ".join(problems[:_MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
    return TableError(told, where="rows", todo="send each feature as a finite number or null")


_NAN = float("nan")
_NUMBERS = frozenset({float, int, type(None)})
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

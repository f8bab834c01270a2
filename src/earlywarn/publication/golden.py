"""Golden rows: invented rows with known answers, on which a loaded model must prove itself.

They are drawn from feature deciles, one feature at a time, so that no row is a student's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import numpy as np

from earlywarn.errors import DamagedModelError
from earlywarn.scoring import PublishedModel
from earlywarn.scoring.trees import Floats

GOLDEN = "golden.json"
N_MIXED = 24
LARGEST_DIFFERENCE = 1e-9


def golden_rows(model: PublishedModel, missing_share: Mapping[str, float]) -> Floats:
    """Return rows that span what the model was trained on: each decile, nothing at all, and mixtures."""
    chance = np.random.default_rng(11)
    deciles = np.full((11, len(model.features)), np.nan)
    for column, name in enumerate(model.features):
        known = model.deciles.get(name, ())
        if len(known) == len(deciles):
            deciles[:, column] = known
    nothing = np.full((1, deciles.shape[1]), np.nan)
    picked = chance.integers(0, len(deciles), size=(N_MIXED, deciles.shape[1]))
    mixed = np.take_along_axis(deciles, picked, axis=0)
    absent = np.array([max(0.05, missing_share.get(name, 0.0)) for name in model.features])
    mixed[chance.random(mixed.shape) < absent] = np.nan
    return np.concatenate([deciles, nothing, mixed])


def golden_file(model: PublishedModel, rows: Floats) -> bytes:
    """Return the rows with what the model answers, as JSON that keeps every bit."""
    attributions = model.attributions(rows)
    margins = model.margins_of(attributions)
    risks = model.risks(margins)
    content = {
        "rows": _with_nulls(rows),
        "margins": margins.tolist(),
        # A list by rules has no risks: JSON writes each as null.
        "risks": [None if np.isnan(risk) else risk for risk in risks.tolist()],
        "base": model.base,
        "attributions": attributions.tolist(),
    }
    ranges = model.ranges(margins, risks)
    if ranges is not None:
        content["ranges"] = [bound.tolist() for bound in ranges]
    return json.dumps(content, allow_nan=False).encode()


def check_golden(model: PublishedModel, content: bytes, *, where: str) -> float:
    """Score the golden rows, and return the largest difference from the expected answers.

    Raises:
        DamagedModelError: The answers differ by more than rounding, or the file does not fit the model.
    """
    try:
        expected = cast("dict[str, object]", json.loads(content))
        rows = np.array(expected["rows"], dtype=np.float64).reshape(-1, len(model.features))
        attributions = model.attributions(rows)
        margins = model.margins_of(attributions)
        risks = model.risks(margins)
        pairs = [
            (attributions, expected["attributions"]),
            (margins, expected["margins"]),
            (risks, expected["risks"]),
            (np.array(model.base), expected["base"]),
        ]
        ranges = model.ranges(np.asarray(expected["margins"], np.float64), risks)
        if ranges is not None:
            # At the margins as they were: a hair's difference could stand on the other side of a step.
            pairs.append((np.array(ranges), expected["ranges"]))
        largest = max(_apart(ours, np.asarray(theirs, np.float64)) for ours, theirs in pairs)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedModelError(
            "the golden rows do not fit the model", where=where, todo="publish the model again"
        ) from error
    if not largest <= LARGEST_DIFFERENCE:
        raise DamagedModelError(
            "the golden rows get other scores here than at publication", where=where, todo="publish it again"
        )
    return largest


def _apart(ours: Floats, theirs: Floats) -> float:
    """Return the largest difference; what is missing on one side only differs without bound."""
    missing = np.isnan(ours)
    if ours.shape != theirs.shape or not np.array_equal(missing, np.isnan(theirs)):
        return float("inf")
    return float(np.abs(np.where(missing, 0.0, ours - theirs)).max())


def _with_nulls(rows: Floats) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in rows]

"""Measure apart those whom staff acted on and those they did not: help changes what comes true.

Where a plan was made in answer to a flag and worked, the outcome did not come true, and next year's model
learns that such records are harmless. The figures cannot undo that; they show how large it may be. Nothing
here says that help did or did not work: who was helped was chosen by staff, not by chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from earlywarn.evaluation.arrays import Flags, Words
from earlywarn.evaluation.figures import Draws, Figure, ratio_figure
from earlywarn.evaluation.measures import Scored, TestRows, auc_among
from earlywarn.evaluation.text import figure, number, signed, text_table

ACTED_ON = "acted on"
NOT_ACTED_ON = "not acted on"
NOT_LISTED = "not listed"
ANSWER_WORDS = (ACTED_ON, NOT_ACTED_ON, NOT_LISTED)
FEWEST_POSITIVE = 10
"""With fewer outcomes than this, ranking is not measured."""

NO_ANSWERS = "acted on and not acted on: no answers known yet"


@dataclass(frozen=True)
class ActedOnFigures:
    """One of the three groups: how many, how often the outcome came, and what had been said."""

    word: str
    n: int
    n_positive: int
    base_rate: Figure
    mean_risk: Figure
    calibration_gap: Figure
    """Mean risk minus rate: above zero, less came true than was said; help is one possible reason."""
    auc: Figure


def acted_on_apart(
    scored: Scored, words: Words | None, rows: TestRows, draws: Draws
) -> tuple[ActedOnFigures, ...]:
    """Measure a model on each of the three groups; nothing where no answer is known.

    Args:
        scored: What the chosen model says of the test rows.
        words: One of `ANSWER_WORDS` per test row, from what staff answered; None where nobody has.
        rows: What came true.
        draws: What intervals draw.
    """
    if words is None:
        return ()
    masks = {word: words == word for word in ANSWER_WORDS}
    return tuple(_figures(word, keep, scored, rows, draws) for word, keep in masks.items() if keep.any())


def _figures(word: str, keep: Flags, scored: Scored, rows: TestRows, draws: Draws) -> ActedOnFigures:
    here, truth = keep.astype(np.float64), rows.label.astype(np.float64)
    n, n_positive = int(keep.sum()), int(rows.label[keep].sum())
    is_ranked = FEWEST_POSITIVE <= n_positive < n
    return ActedOnFigures(
        word=word,
        n=n,
        n_positive=n_positive,
        base_rate=ratio_figure(truth * here, here, draws),
        mean_risk=ratio_figure(scored.risk * here, here, draws),
        calibration_gap=ratio_figure((scored.risk - truth) * here, here, draws),
        auc=auc_among(scored, rows, draws, keep) if is_ranked else Figure(float("nan")),
    )


def acted_on_lines(found: list[Mapping[str, Any]] | None) -> list[str]:
    """Say it as lines of a text report, from a sheet read back."""
    if not found:
        return [NO_ANSWERS]
    header = ("answered", "n", "outcomes", "rate", "mean risk", "risk-rate", "AUC")
    return ["", text_table(header, [(str(one["word"]), *_cells(one)) for one in found])]


def _cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(one["n"]),
        str(one["n_positive"]),
        figure(one["base_rate"]),
        number(one["mean_risk"]["value"]),
        signed(one["calibration_gap"]),
        figure(one["auc"]),
    )

"""Say whether the base rate moved between past and future, and why risks miss their rates where they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from earlywarn.domain import Language
from earlywarn.evaluation.calibration import CalibrationSheet, calibration_of
from earlywarn.evaluation.figures import Draws, Figure, draw_clusters, interval, ratio_figure
from earlywarn.evaluation.measures import Scored, TestRows
from earlywarn.evaluation.text import number

SMALL_ERROR = 0.02
"""An expected calibration error up to this needs no reason."""

LEVEL_SHARE = 0.5
"""The base rate is named as the reason only where a common shift makes up at least this part of the error."""


@dataclass(frozen=True)
class CalibrationFacts:
    """The chosen model's expected error beside chance, the base rates beside it, and why it is not small."""

    expected_error: Figure
    by_chance: Figure
    future_of: tuple[str, ...]
    future_rate: Figure
    past_of: tuple[str, ...]
    """The periods that risks were calibrated on; empty where the split is not by time."""
    past_rate: Figure | None
    moved: Figure | None
    reasons: tuple[dict[str, str], ...]
    """In both languages; empty where the error is small."""


def calibration_facts(
    scored: Scored, rows: TestRows, draws: Draws, past: TestRows | None, *, generator: np.random.Generator
) -> CalibrationFacts:
    """Set the chosen model's calibration on held-out rows beside the rows that calibrated it.

    Args:
        scored: The chosen model.
        rows: The held-out rows.
        draws: What intervals draw of them.
        past: The rows that risks were calibrated on; None where the split is not by time.
        generator: Draws the past.
    """
    sheet = calibration_of(scored.risk, rows.label, draws)
    future, drawn = _rate(rows, draws)
    past_rate = moved = None
    if past is not None:
        past_draws = draw_clusters(past.clusters()[1], n_draws=len(draws.counts), generator=generator)
        past_rate, past_drawn = _rate(past, past_draws)
        moved = interval(future.value - past_rate.value, drawn - past_drawn)
    nothing = Figure(float("nan"))
    facts = CalibrationFacts(
        expected_error=sheet.intervals.expected_error if sheet.intervals else Figure(sheet.expected_error),
        by_chance=sheet.intervals.by_chance if sheet.intervals else nothing,
        future_of=_periods(rows),
        future_rate=future,
        past_of=() if past is None else _periods(past),
        past_rate=past_rate,
        moved=moved,
        reasons=(),
    )
    return replace(facts, reasons=_reasons(facts, sheet))


def _rate(rows: TestRows, draws: Draws) -> tuple[Figure, np.ndarray[Any, np.dtype[np.float64]]]:
    truth, ones = rows.label.astype(np.float64), np.ones(rows.label.size)
    return ratio_figure(truth, ones, draws), draws.totals(truth) / draws.totals(ones)


def _periods(rows: TestRows) -> tuple[str, ...]:
    return tuple(str(name) for name in np.unique(rows.period))


def _reasons(facts: CalibrationFacts, sheet: CalibrationSheet) -> tuple[dict[str, str], ...]:
    error = facts.expected_error.value
    if not error > SMALL_ERROR:
        return ()
    if error <= facts.by_chance.high:
        return (_said("chance", most=facts.by_chance.high, n=sum(one.n for one in sheet.bins)),)
    mean_risk = sum(one.n * one.mean_risk for one in sheet.bins) / sum(one.n for one in sheet.bins)
    level, moved, past = facts.future_rate.value - mean_risk, facts.moved, facts.past_rate
    found = []
    has_moved = moved is not None and not moved.low <= 0 <= moved.high
    if moved and past and has_moved and level * moved.value > 0 and abs(level) >= LEVEL_SHARE * error:
        periods = {"past": ", ".join(facts.past_of), "future": ", ".join(facts.future_of)}
        found.append(_said("rate", before=past.value, after=facts.future_rate.value, **periods))
    slope = sheet.intervals.slope if sheet.intervals else Figure(float("nan"))
    if not slope.low <= 1 <= slope.high and np.isfinite(slope.low):
        found.append(_said("slope", slope=slope.value, low=slope.low, high=slope.high))
    return tuple(found) or (_said("none"),)


_WORDS: Mapping[str, dict[Language, str]] = {
    "chance": {
        "fr": "sur {n} lignes, des risques parfaits montreraient eux-mêmes jusqu’à {most}",
        "en": "on {n} rows, perfect risks would themselves show up to {most}",
    },
    "rate": {
        "fr": "le taux est passé de {before} ({past}) à {after} ({future}), plus que le hasard ne le fait"
        "\u00a0; le modèle ne peut pas le savoir d’avance",
        "en": "the rate went from {before} ({past}) to {after} ({future}), more than chance does; the model "
        "cannot know that beforehand",
    },
    "slope": {
        "fr": "ce que le modèle a appris pèse autrement sur les lignes gardées à part\u00a0: pente {slope} "
        "[{low}\u00a0; {high}] au lieu de 1",
        "en": "what the model learned weighs otherwise on the held-out rows: slope {slope} [{low}, {high}] "
        "instead of 1",
    },
    "none": {
        "fr": "ni le hasard, ni le taux, ni la pente ne l’expliquent",
        "en": "neither chance nor the rate nor the slope explains it",
    },
}


def _said(code: str, **values: float | int | str) -> dict[str, str]:
    return {
        "code": code,
        **{
            language: text.format(
                **{
                    name: number(value, language=language) if isinstance(value, float) else value
                    for name, value in values.items()
                }
            )
            for language, text in _WORDS[code].items()
        },
    }


def calibration_lines(facts: Mapping[str, Any] | None, language: Language = "en") -> Sequence[str]:
    """Write the facts of a sheet as lines of text; none for a sheet without them."""
    if not facts:
        return ()
    error, chance = facts["expected_error"], facts["by_chance"]
    said = _LINES[language]
    lines = [
        said["error"].format(
            error=number(error["value"], language=language),
            chance=number(chance["value"], language=language),
            most=number(chance["high"], language=language),
        )
    ]
    if facts["past_rate"]:
        moved = facts["moved"]
        lines.append(
            said["rate"].format(
                past=", ".join(facts["past_of"]),
                before=number(facts["past_rate"]["value"], language=language),
                future=", ".join(facts["future_of"]),
                after=number(facts["future_rate"]["value"], language=language),
                low=number(moved["low"], language=language),
                high=number(moved["high"], language=language),
            )
        )
    return (*lines, *(said["because"].format(why=reason[language]) for reason in facts["reasons"]))


_LINES: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "error": "écart moyen entre risques et taux (ECE)\u00a0: {error}\u00a0; des risques parfaits "
        "montreraient {chance} par hasard, {most} au plus",
        "rate": "taux de la situation\u00a0: {before} ({past}), puis {after} ({future})\u00a0; changement "
        "entre {low} et {high}",
        "because": "pourquoi l’écart dépasse 0,02\u00a0: {why}",
    },
    "en": {
        "error": "expected calibration error: {error}; perfect risks would show {chance} by chance, "
        "{most} at most",
        "rate": "base rate: {before} ({past}), then {after} ({future}); a change between {low} and {high}",
        "because": "why the error is above 0.02: {why}",
    },
}

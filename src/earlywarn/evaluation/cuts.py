"""Hold and say the cut-points by which "in the lowest share" became true or false, for whoever redoes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earlywarn.domain import Language

_CARD: dict[Language, str] = {
    "fr": "Point de coupure du plus bas {share}\u00a0%{scale}, calculé sur les seules lignes "
    "d’apprentissage\u00a0: {points}",
    "en": "Cut-point of the lowest {share}%{scale}, fitted on training rows only: {points}",
}
_RANKED: dict[Language, str] = {"fr": " des rangs de la période", "en": " of the period's ranks"}
_EVERYONE: dict[Language, str] = {"fr": "tous", "en": "all"}


@dataclass(frozen=True)
class CutPoint:
    """One group's cut-point: a value at or below it lies in the lowest share."""

    group: str
    """Empty where one cut-point serves everyone."""
    value: float
    n: int
    """Training rows it was fitted on."""


@dataclass(frozen=True)
class CutPoints:
    """The cut-points of one split, fitted on its training rows."""

    split: str
    share: float
    per: tuple[str, ...]
    ranked: bool
    points: tuple[CutPoint, ...]
    n_without: int = 0
    """Tested rows that have no label, because no training row is of their group."""

    @property
    def by_group(self) -> dict[str, float]:
        """Return each group's cut-point."""
        return {point.group: point.value for point in self.points}


def cut_lines(cuts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Print the cut-points of a back-test, a line per split."""
    return [
        f"cut-points of {one['split']}: lowest {one['share']:.0%}{' by rank' if one['ranked'] else ''}, "
        f"{_points(one['points'], 'en')}" + (f"; {one['n_without']} rows without" if one["n_without"] else "")
        for one in cuts
    ]


def cut_facts(cuts: Sequence[Mapping[str, Any]], language: Language) -> list[str]:
    """Say on the card at which value the outcome began, for the first split's training rows."""
    return [
        _CARD[language].format(
            share=f"{100 * one['share']:.0f}",
            scale=_RANKED[language] if one["ranked"] else "",
            points=_points(one["points"], language),
        )
        for one in cuts[:1]
    ]


def _points(points: Sequence[Mapping[str, Any]], language: Language) -> str:
    said = []
    for point in points:
        value = f"{point['value']:.6g}"
        group = point["group"] or _EVERYONE[language]
        said.append(f"{group} {value.replace('.', ',') if language == 'fr' else value} (n = {point['n']})")
    return ("\u00a0; " if language == "fr" else "; ").join(said)

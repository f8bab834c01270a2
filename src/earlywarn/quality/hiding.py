"""Hide every number that tells of fewer than ten students, and one more where a sum would give it away.

The months of a table, and its codes, add up to a total that is shown: where just one of them is small, the
next smallest is hidden with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from earlywarn.quality.figures import Figure, Measure

_ADD_UP = ("month", "code", "weekday")


def hidden(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Return the figures of one school, those hidden that may not be shown."""
    small = {figure.measure for figure in figures if figure.measure.is_small}
    for parts in _sums(figures):
        own = [measure for measure in parts if measure in small]
        others = sorted(
            (measure for measure in parts if measure not in small and measure.count),
            key=lambda measure: (measure.count, measure.part),
        )
        if len(own) == 1 and others:
            small.add(others[0])
    return tuple(replace(figure, is_hidden=figure.measure in small) for figure in figures)


def _sums(figures: Iterable[Figure]) -> list[list[Measure]]:
    groups: dict[tuple[str, str, str], list[Measure]] = {}
    for figure in figures:
        measure = figure.measure
        if measure.kind in _ADD_UP:
            groups.setdefault((measure.kind, measure.table, measure.column), []).append(measure)
    return list(groups.values())

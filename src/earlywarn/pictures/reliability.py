"""Draw whether risks mean rates: overall, per grade and per audited group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import binomtest

from earlywarn.domain import Language
from earlywarn.evaluation import Floats, GroupNames, chosen_of
from earlywarn.paper import write_number
from earlywarn.pictures.canvas import (
    ACCENT,
    SOFT,
    Picture,
    blank,
    look,
    number_axis,
    share_axis,
    svg_of,
    title_of,
)
from earlywarn.pictures.words import said

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Bins = Sequence[dict[str, Any]]
COLUMNS = 4
TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Panel:
    """One curve: whose, and its bins (`n`, `mean_risk`, `rate`)."""

    title: str
    bins: Bins


def reliability(backtest: dict[str, Any], names: GroupNames, language: Language) -> Picture | None:
    """Draw the chosen model's reliability; none where the sheet has no bins."""
    panels = _panels(backtest, names, language)
    if not panels:
        return None
    title = said("reliability", language)
    with look():
        n_rows = 1 + math.ceil((len(panels) - 1) / COLUMNS)
        figure = blank(10.5, 4.6 + 2.5 * (n_rows - 1))
        grid = figure.add_gridspec(n_rows, COLUMNS, height_ratios=[4, *[2.4] * (n_rows - 1)])
        axes = figure.add_subplot(grid[0, :2])
        _curve(axes, panels[0], language)
        axes.set(xlabel=said("risk", language), ylabel=said("rate", language))
        _counts(figure.add_subplot(grid[0, 2:]), panels[0], language)
        for place, panel in enumerate(panels[1:]):
            small = figure.add_subplot(grid[1 + place // COLUMNS, place % COLUMNS])
            _curve(small, panel, language, small=True)
        title_of(figure, title, said("reliability_note", language))
        return Picture(
            "reliability", language, "svg", svg_of(figure, title), title, _in_words(panels[0], language)
        )


def _panels(backtest: dict[str, Any], names: GroupNames, language: Language) -> list[Panel]:
    chosen = chosen_of(backtest)
    panels = [Panel(said("overall", language), chosen["overall"]["calibration"]["bins"])]
    panels += [
        Panel(said("of_grade", language, name=grade), metrics["calibration"]["bins"])
        for grade, metrics in backtest["by_grade"].items()
    ]
    panels += [
        Panel(names.of(one["column"], one["group"], language), one["calibration"]["bins"])
        for one in backtest["groups"]
        # Sheets of earlier trainings hold a group's gap alone.
        if one.get("calibration")
    ]
    return [panel for panel in panels if panel.bins]


def _curve(axes: Axes, panel: Panel, language: Language, *, small: bool = False) -> None:
    risks = [one["mean_risk"] for one in panel.bins]
    rates = [one["rate"] for one in panel.bins]
    ends = [_wilson(one) for one in panel.bins]
    most = 1.05 * max(0.01, *risks, *(high for _, high in ends))
    axes.plot([0, most], [0, most], color=SOFT, linestyle="--", linewidth=1)
    axes.vlines(risks, [low for low, _ in ends], [high for _, high in ends], color=ACCENT, linewidth=1.2)
    axes.plot(risks, rates, color=ACCENT, linewidth=0.8, marker="o", markersize=3 if small else 5)
    for name in ("x", "y"):
        # Most risks are small: on a plain scale nine points in ten would stand in one corner.
        getattr(axes, f"set_{name}scale")("function", functions=(_root, np.square))
    axes.set(xlim=(0, most), ylim=(0, most), title=panel.title)
    ticks = [tick for tick in TICKS if tick <= most]
    few = ticks if len(ticks) <= 5 else ticks[:: 2 if small else 1]
    axes.set_xticks(few)
    axes.set_yticks(few)
    axes.minorticks_off()
    axes.set_aspect("equal" if not small else "auto")
    for which in ("x", "y"):
        share_axis(axes, which, language)
    if small:
        axes.title.set_fontsize(8.5)
        axes.tick_params(labelsize=8)


def _root(values: Floats) -> Floats:
    """Return the square root; what lies below zero, as margins of a plot do, goes to zero."""
    return np.asarray(np.sqrt(np.maximum(values, 0.0)))


def _wilson(one: dict[str, Any]) -> tuple[float, float]:
    """Return the interval of one bin's share (Wilson 1927)."""
    told = binomtest(round(one["rate"] * one["n"]), one["n"]).proportion_ci(0.95, method="wilson")
    return float(told.low), float(told.high)


def _counts(axes: Axes, panel: Panel, language: Language) -> None:
    """Show how many rows each bin holds: a bin of few rows says little."""
    places = range(len(panel.bins))
    counts = [one["n"] for one in panel.bins]
    axes.barh(list(places), counts, color=ACCENT, height=0.7)
    labels = [f"{write_number(100 * one['mean_risk'], language, decimals=1)}" for one in panel.bins]
    axes.set_yticks(list(places), labels)
    axes.set(xlabel=said("counts", language), ylabel=f"{said('risk', language)} (%)")
    axes.grid(visible=False, axis="y")
    number_axis(axes, "x", language, decimals=0)
    axes.locator_params(axis="x", nbins=4)


def _in_words(panel: Panel, language: Language) -> str:
    """Say the curve's ends in words, for those who do not see it."""
    pairs = [
        f"{write_number(100 * one['mean_risk'], language, decimals=1)} → "
        f"{write_number(100 * one['rate'], language, decimals=1)}"
        for one in (panel.bins[0], panel.bins[-1])
    ]
    return f"{said('risk', language)} → {said('rate', language)} (%): {'; '.join(pairs)}"

"""Draw figures with their intervals, one line each: the candidates per moment, and the audited groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from earlywarn.domain import Language
from earlywarn.evaluation import GroupNames, Tolerance, candidate_name
from earlywarn.paper import write_number
from earlywarn.pictures.canvas import (
    ACCENT,
    COLORS,
    LINE,
    MARKERS,
    SOFT,
    WARN,
    Picture,
    blank,
    look,
    number_axis,
    svg_of,
    title_of,
)
from earlywarn.pictures.words import said

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE_HEIGHT = 0.26
VERDICTS: dict[str, tuple[str, str, bool]] = {
    "within": ("o", ACCENT, True),
    "outside": ("D", WARN, True),
    "cannot tell": ("^", SOFT, False),
}
"""Marker, color and whether it is filled: the shape alone tells a verdict on gray paper."""


def candidates(backtest: dict[str, Any], language: Language) -> Picture:
    """Draw every candidate's AUC and Brier per moment and overall, with their intervals."""
    title = said("candidates", language)
    moments = ["", *backtest["moments"]]
    lines = [(moment, one) for moment in moments for one in backtest["candidates"]]
    with look():
        figure = blank(10.5, 1.5 + LINE_HEIGHT * (len(lines) + len(moments)))
        left, right = figure.subplots(1, 2, sharey=True)
        ticks, labels = [], []
        for place, (moment, one) in enumerate(lines):
            metrics = one["by_moment"][moment] if moment else one["overall"]
            y = -(place + place // len(backtest["candidates"]))
            kind = place % len(backtest["candidates"])
            is_chosen = one["name"] == backtest["chosen"]
            for axes, which in ((left, "auc"), (right, "brier")):
                _line(
                    axes,
                    y,
                    metrics[which],
                    (MARKERS[kind % len(MARKERS)], COLORS[kind % len(COLORS)], is_chosen),
                )
            ticks.append(y)
            shown = moment or said("all", language)
            labels.append(f"{candidate_name(one['name'], language)}   {shown}")
        left.set_yticks(ticks, labels)
        for axes, which, places in ((left, "auc", 3), (right, "brier", 4)):
            axes.set_title(said(which, language))
            axes.grid(visible=False, axis="y")
            axes.tick_params(axis="y", length=0)
            axes.locator_params(axis="x", nbins=5)
            number_axis(axes, "x", language, decimals=places)
        over = said(backtest["intervals_over"], language)
        title_of(figure, title, said("candidates_note", language, over=over))
        return Picture(
            "candidates",
            language,
            "svg",
            svg_of(figure, title),
            title,
            _candidates_in_words(backtest, language),
        )


def groups(
    backtest: dict[str, Any], names: GroupNames, tolerance: Tolerance, language: Language
) -> Picture | None:
    """Draw each audited group's gaps, with the tolerated band and a verdict by color and shape."""
    audited = backtest["groups"]
    if not audited:
        return None
    title = said("groups", language)
    panels = [
        _Panel("recall_gap", "against_rest", tolerance.rates),
        _Panel("false_positive_gap", "against_rest", tolerance.rates),
        _Panel("calibration_gap", "in_group", tolerance.calibration),
    ]
    with look():
        figure = blank(11.5, 1.9 + LINE_HEIGHT * 1.3 * len(audited))
        drawn: list[Axes] = list(figure.subplots(1, 3, sharey=True))
        for axes, panel in zip(drawn, panels, strict=True):
            _gaps(axes, panel, audited, language)
        drawn[0].set_yticks(
            [-place for place in range(len(audited))], [_group_label(one, names, language) for one in audited]
        )
        drawn[0].set_ylim(-len(audited) + 0.4, 0.6)
        _verdict_legend(drawn[1], language)
        title_of(figure, title, said("groups_note", language))
        return Picture(
            "groups",
            language,
            "svg",
            svg_of(figure, title),
            title,
            _groups_in_words(audited, names, language),
        )


@dataclass(frozen=True)
class _Panel:
    name: str
    versus: str
    tolerance: float


def _gaps(axes: Axes, panel: _Panel, audited: list[dict[str, Any]], language: Language) -> None:
    axes.axvspan(-panel.tolerance, panel.tolerance, color=LINE, alpha=0.6, linewidth=0)
    axes.axvline(0, color=SOFT, linewidth=0.8)
    for place, one in enumerate(audited):
        _line(axes, -place, one[panel.name], VERDICTS[verdict_of_gap(one, panel.name, panel.tolerance)])
    axes.set(title=said(panel.name, language), xlabel=said(panel.versus, language))
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=5)
    number_axis(axes, "x", language)


def verdict_of_gap(group: dict[str, Any], name: str, tolerance: float) -> str:
    """Return the sheet's verdict of a gap; where it joins two gaps, only one that is outside is said so."""
    verdict = str(group["calibration_verdict" if name == "calibration_gap" else "rates_verdict"])
    low, high = _judged_ends(group[name])
    if verdict != "outside":
        return verdict
    if low is None or high is None:
        return "cannot tell"
    if low > tolerance or high < -tolerance:
        return "outside"
    told = group[name]
    return "within" if -tolerance <= told["low"] and told["high"] <= tolerance else "cannot tell"


def _judged_ends(told: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return the interval that verdicts are by: corrected for the number of gaps where it can be."""
    return (
        told.get("low") if told.get("corrected_low") is None else told["corrected_low"],
        told.get("high") if told.get("corrected_high") is None else told["corrected_high"],
    )


def _line(axes: Axes, y: float, told: dict[str, Any], sign: tuple[str, str, bool]) -> None:
    """Draw one figure with its interval; what cannot be told leaves its line empty."""
    marker, color, is_filled = sign
    if told["value"] is None:
        return
    if told.get("low") is not None:
        axes.hlines(y, told["low"], told["high"], color=color, linewidth=1.8)
    low, high = _judged_ends(told)
    if low is not None and high is not None:
        axes.hlines(y, low, high, color=color, linewidth=0.8)
    axes.plot(
        [told["value"]], [y], marker=marker, color=color, markersize=6.5, markeredgewidth=1.4,
        markerfacecolor=color if is_filled else "white", linestyle="none",
    )  # fmt: skip


def _group_label(one: dict[str, Any], names: GroupNames, language: Language) -> str:
    counts = f"{write_number(one['n'], language)}, {write_number(one['n_positive'], language)}"
    return f"{names.of(one['column'], one['group'], language)} ({counts})"


def _verdict_legend(axes: Axes, language: Language) -> None:
    for verdict, (marker, color, is_filled) in VERDICTS.items():
        axes.plot(
            [], [], marker=marker, color=color, linestyle="none", markersize=6.5,
            markerfacecolor=color if is_filled else "white", label=said(verdict, language),
        )  # fmt: skip
    figure = axes.get_figure(root=True)
    if figure is not None:
        figure.legend(loc="outside upper right", ncols=3, fontsize=9)


def _candidates_in_words(backtest: dict[str, Any], language: Language) -> str:
    return "; ".join(
        f"{candidate_name(one['name'], language)}: AUC "
        f"{write_number(one['overall']['auc']['value'], language, decimals=3)}"
        for one in backtest["candidates"]
        if one["overall"]["auc"]["value"] is not None
    )


def _groups_in_words(audited: list[dict[str, Any]], names: GroupNames, language: Language) -> str:
    return "; ".join(
        f"{names.of(one['column'], one['group'], language)}: "
        f"{said(one['calibration_verdict'], language)}, {said(one['rates_verdict'], language)}"
        for one in audited
    )

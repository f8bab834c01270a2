"""Draw precision and recall by how long lists are, for every candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from earlywarn.domain import Language
from earlywarn.evaluation import candidate_name, chosen_of
from earlywarn.paper import write_share
from earlywarn.pictures.canvas import (
    COLORS,
    DASHES,
    MARKERS,
    SOFT,
    Picture,
    blank,
    look,
    share_axis,
    svg_of,
    title_of,
)
from earlywarn.pictures.words import said

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def lists(backtest: dict[str, Any], share: float, per: list[str], language: Language) -> Picture | None:
    """Draw the curves of all candidates; none where the sheet keeps none."""
    curves = backtest.get("list_curves")
    if not curves:
        return None
    title = said("lists", language)
    at = min(range(len(curves["shares"])), key=lambda place: abs(curves["shares"][place] - share))
    chosen = chosen_of(backtest)
    with look():
        figure = blank(10.5, 4.9)
        panels: list[Axes] = list(figure.subplots(1, 2))
        for axes, which in zip(panels, ("precision", "recall"), strict=True):
            _panel(axes, curves, which, backtest["chosen"], language)
            told = chosen["overall"]["capacity"][which]
            here = curves["listed"][at]
            axes.axvline(here, color=SOFT, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
            if told.get("low") is not None:
                axes.vlines(
                    here,
                    told["low"],
                    told["high"],
                    color=_color(curves, backtest["chosen"]),
                    linewidth=4,
                    alpha=0.45,
                )
            axes.annotate(
                f"{said('capacity', language)} {write_share(share, language)}",
                (here, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -10),
                textcoords="offset points", color=SOFT, fontsize=8.5,
            )  # fmt: skip
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", handlelength=4)
        words = ", ".join(said(name, language) for name in per)
        title_of(figure, title, said("lists_note", language, per=words))
        return Picture("lists", language, "svg", svg_of(figure, title), title, _in_words(chosen, language))


def _color(curves: dict[str, Any], name: str) -> str:
    place = next(place for place, one in enumerate(curves["candidates"]) if one["name"] == name)
    return COLORS[place % len(COLORS)]


def _panel(axes: Axes, curves: dict[str, Any], which: str, chosen: str, language: Language) -> None:
    for place, one in enumerate(curves["candidates"]):
        name = candidate_name(one["name"], language)
        is_chosen = one["name"] == chosen
        axes.plot(
            curves["listed"],
            one[which],
            color=COLORS[place % len(COLORS)],
            linestyle=DASHES[place % len(DASHES)],
            marker=MARKERS[place % len(MARKERS)],
            markevery=(place, 6),
            markersize=4.5,
            linewidth=2.2 if is_chosen else 1.2,
            label=said("chosen", language, name=name) if is_chosen else name,
        )
    axes.set(
        xlabel=said("listed", language), ylabel=said(f"{which}_is", language), title=said(which, language)
    )
    axes.set(xlim=(0, None), ylim=(0, None))
    share_axis(axes, "x", language)
    share_axis(axes, "y", language)


def _in_words(chosen: dict[str, Any], language: Language) -> str:
    told = chosen["overall"]["capacity"]
    parts = [
        f"{said(which, language)}: {write_share(told[which]['value'], language, decimals=1)}"
        for which in ("precision", "recall")
        if told[which]["value"] is not None
    ]
    return "; ".join(parts)

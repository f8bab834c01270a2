"""Draw the picture of `benchmarks.published_flags`: dashes and shapes tell models apart, in gray."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

from benchmarks.published_flags import Flag, OurCurve, Shown, curve_in

FLAG = {"marker": "x", "color": "0.55", "s": 26, "linewidths": 1.1, "zorder": 1}
DARK = "0.05"
FLAGS_FR, FLAGS_EN = "110 indicateurs publiés de décrochage", "110 published dropout flags"
TITLE = (
    "Nos modèles à côté de 110 indicateurs publiés (Bowers, Sprott et Taff, 2013)\n"
    "Our models beside 110 published flags"
)
CURVES = (
    "Courbe entière\u00a0; le signe est la liste à la capacité\nWhole curve; the mark is the list at capacity"
)
LISTS = (
    "Listes à la capacité\u00a0; en creux, les règles en usage\nLists at capacity; hollow, the rules in use"
)
CAPTION = (
    "Populations, situations et années diffèrent. Seul le premier modèle annonce une sortie du secondaire "
    "sans diplôme, sur un réseau inventé.\n"
    "Une liste est faite par école (et année d’études)\u00a0: elle reste sous la courbe, qui les mêle.\n"
    "Populations, outcomes and years differ. Only the first model warns of leaving secondary school without "
    "a diploma, on an invented network.\n"
    "A list is cut per school (and grade): it lies below the curve, which mixes them."
)


def draw(sheets: Sequence[tuple[Shown, dict[str, Any]]], flags: Sequence[Flag]) -> bytes:
    """Return the picture as PNG: the same sheets and flags give the same bytes."""
    with matplotlib.rc_context({"font.size": 9, "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(11, 7.1), dpi=110)
        figure.subplots_adjust(left=0.06, right=0.985, top=0.86, bottom=0.275, wspace=0.14)
        curves, points = figure.subplots(1, 2)
        figure.suptitle(TITLE, fontsize=11)
        _curves(curves, sheets, flags)
        _points(points, sheets, flags)
        handles, labels = curves.get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.205),
            ncols=2,
            frameon=False,
            fontsize=9,
            handlelength=5,
        )
        figure.text(0.5, 0.015, CAPTION, ha="center", va="bottom", fontsize=8.5)
        raw = io.BytesIO()
        figure.savefig(raw, format="png", metadata={"Software": None})
    small = io.BytesIO()
    # Grays only: few levels keep the file small, and show at once what print would lose.
    Image.open(raw).convert("L").quantize(16).save(small, "PNG", optimize=True)
    return small.getvalue()


def _curves(axes: Any, sheets: Sequence[tuple[Shown, dict[str, Any]]], flags: Sequence[Flag]) -> None:
    axes.scatter(
        [flag.false_positive_rate for flag in flags],
        [flag.sensitivity for flag in flags],
        label=f"{FLAGS_FR} / {FLAGS_EN}",
        **FLAG,
    )
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=0.8, zorder=0)
    for shown, sheet in sheets:
        curve = _chosen(sheet)
        label = f"{shown.fr} / {shown.en}"
        axes.plot(curve.rates, curve.sensitivity, shown.line, color=DARK, linewidth=1.5)
        axes.plot(curve.false_positive_rate, curve.recall, shown.marker, color=DARK, markersize=6)
        axes.plot([], [], shown.line, marker=shown.marker, color=DARK, label=label)
    axes.set(xlim=(0, 0.85), ylim=(0, 1))
    axes.set_xlabel("1 − spécificité / 1 − specificity")
    axes.set_ylabel("sensibilité / sensitivity")
    axes.set_title(CURVES, fontsize=9)


def _points(axes: Any, sheets: Sequence[tuple[Shown, dict[str, Any]]], flags: Sequence[Flag]) -> None:
    axes.scatter([flag.sensitivity for flag in flags], [flag.precision for flag in flags], **FLAG)
    for shown, sheet in sheets:
        ours, rules = _chosen(sheet), curve_in(sheet, "rules")
        if rules is not None:
            axes.annotate(
                "",
                (ours.recall, ours.precision),
                (rules.recall, rules.precision),
                arrowprops={"arrowstyle": "-", "color": "0.5", "linewidth": 0.8},
            )
            axes.plot(
                rules.recall,
                rules.precision,
                shown.marker,
                markeredgecolor=DARK,
                markerfacecolor="white",
                markersize=7,
            )
        axes.plot(ours.recall, ours.precision, shown.marker, color=DARK, markersize=8)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_xlabel("rappel (sensibilité) / recall (sensitivity)")
    axes.set_ylabel("précision / precision")
    axes.set_title(LISTS, fontsize=9)


def _chosen(sheet: dict[str, Any]) -> OurCurve:
    found = curve_in(sheet)
    assert found is not None  # noqa: S101 - every sheet keeps the chosen one's
    return found

"""Have shap draw what moves the margin: a summary of the strongest features, and how each follows its values.

The attributions come in from outside and are the model's exact ones; shap only draws them.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from earlywarn.domain import Language
from earlywarn.evaluation import Floats
from earlywarn.features import FeatureEntry
from earlywarn.paper import write_number
from earlywarn.pictures.canvas import SOFT, Picture, look, number_axis, png_of, title_of
from earlywarn.pictures.words import feature_label, said

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N_SUMMARY, N_DEPENDENCE, MOST_COLUMNS = 14, 6, 3
COLORS = ("#6fa8c0", "#b5722a", "#5a1606")
"""Low, middle, high: ever darker, so that gray paper still tells them apart; gray itself means missing."""


@dataclass(frozen=True, eq=False)
class Moves:
    """Rows of a sample, and each feature's exact share of each row's margin, column by column."""

    entries: Sequence[FeatureEntry]
    values: Floats
    attributions: Floats
    school_years: bool = True

    def labels(self, language: Language) -> list[str]:
        """Return the catalog's words for every column."""
        first: dict[str, str] = {}
        for entry in self.entries:
            first.setdefault(entry.indicator, entry.function)
        return [
            feature_label(entry, first[entry.indicator], language, school_years=self.school_years)
            for entry in self.entries
        ]

    def strongest(self, most: int) -> list[int]:
        """Return the columns that move the margin most on average, strongest first; idle ones never."""
        size = np.abs(self.attributions).mean(axis=0)
        return [int(place) for place in np.argsort(-size, kind="stable")[:most] if size[place] > 0]


def summary(moves: Moves, language: Language) -> Picture | None:
    """Have shap draw its summary (a beeswarm) of the strongest features; none where nothing moves."""
    places = moves.strongest(N_SUMMARY)
    if not places:
        return None
    title = said("summary", language)
    labels = [textwrap.fill(moves.labels(language)[place], 52) for place in places]
    with _pyplot((10.5, 1.6 + 0.5 * len(places))) as (shap, figure):
        axes = figure.subplots()
        shap.plots.beeswarm(
            _explained(shap, moves, places, labels),
            max_display=len(places), ax=axes, show=False, plot_size=None, color=_colors(), s=9,
            color_bar_label=said("value", language),
        )  # fmt: skip
        axes.tick_params(axis="y", labelsize=9, length=0)
        axes.set_xlabel(said("share_of_margin", language), fontsize=9.5)
        number_axis(axes, "x", language)
        bar = figure.axes[-1]
        bar.set_yticks([0, 1], [said("low", language), said("high", language)], fontsize=9)
        bar.set_ylabel(said("value", language), fontsize=9)
        note = said("summary_note", language, n=write_number(len(moves.values), language))
        title_of(figure, title, note)
        content = png_of(figure)
    return Picture("shap_summary", language, "png", content, title, _in_words(moves, places, language))


def dependence(moves: Moves, language: Language) -> Picture | None:
    """Have shap draw how the shares of the strongest features follow their values."""
    places = moves.strongest(N_DEPENDENCE)
    if not places:
        return None
    title = said("dependence", language)
    labels = [textwrap.fill(moves.labels(language)[place], 40) for place in places]
    n_columns = min(MOST_COLUMNS, len(places))
    n_rows = -(-len(places) // n_columns)
    with _pyplot((max(7.0, 3.83 * n_columns), 1.0 + 3.2 * n_rows)) as (shap, figure):
        explained = _explained(shap, moves, places, labels)
        grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for place, axes in enumerate(grid):
            if place >= len(places):
                axes.set_axis_off()
                continue
            # The ends are left out: a single point far away would be a single student.
            shap.plots.scatter(
                explained[:, place], ax=axes, show=False, color=COLORS[2], dot_size=7, alpha=0.5,
                hist=False, x_jitter=0, xmin="percentile(1)", xmax="percentile(99)",
            )  # fmt: skip
            axes.axhline(0, color=SOFT, linewidth=0.8)
            axes.set_xlabel(labels[place], fontsize=8.5)
            axes.set_ylabel(said("share_of_margin", language) if place % n_columns == 0 else "", fontsize=8.5)
            axes.tick_params(labelsize=8.5)
            for which in ("x", "y"):
                number_axis(axes, which, language)
        note = said("dependence_note", language, n=write_number(len(moves.values), language))
        title_of(figure, title, note)
        content = png_of(figure)
    return Picture("shap_dependence", language, "png", content, title, _in_words(moves, places, language))


@contextmanager
def _pyplot(size: tuple[float, float]) -> Iterator[tuple[Any, Figure]]:
    """Lend shap a figure that pyplot knows of, as its plots ask for; it is closed whatever happens.

    Importing shap costs seconds (it brings numba), so it happens here and nowhere else.
    """
    import matplotlib.pyplot as plt

    chance = np.random.get_state()  # noqa: NPY002 - shap draws from the global generator, as it finds it
    with warnings.catch_warnings(), look():
        # What shap will have to change in itself is no news to whoever trains.
        warnings.simplefilter("ignore")
        plt.switch_backend("agg")
        import shap

        figure = plt.figure(figsize=size, layout="constrained")
        try:
            # Which point lies above which is drawn by chance: the same one for the same picture.
            np.random.seed(0)  # noqa: NPY002
            yield shap, figure
        finally:
            np.random.set_state(chance)  # noqa: NPY002
            plt.close(figure)


def _explained(shap: Any, moves: Moves, places: list[int], labels: list[str]) -> Any:
    return shap.Explanation(
        values=moves.attributions[:, places], data=moves.values[:, places], feature_names=labels
    )


def _colors() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("earlywarn", list(COLORS))


def _in_words(moves: Moves, places: list[int], language: Language) -> str:
    labels = moves.labels(language)
    return "; ".join(labels[place] for place in places)

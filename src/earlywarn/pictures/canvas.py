"""Sheets to draw on, one look for all, and bytes that depend on nothing but what was drawn."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from earlywarn.domain import Language
from earlywarn.paper import write_number, write_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, SOFT, LINE = "#22292f", "#55606a", "#dcd8cf"
"""On white, ink has a contrast of 14.7 and soft one of 6.4: both more than WCAG's 4.5 for text."""
ACCENT, WARN = "#1f4f63", "#b5471c"
COLORS = (ACCENT, WARN, "#4d7c1f", "#7b4b94", "#8a6a00", "#55606a", "#a3195b")
"""Each at least 4.5 to 1 on white; who cannot tell them apart has the dashes and the markers."""
DASHES: tuple[Literal["-", "--", "-.", ":"] | tuple[int, tuple[int, ...]], ...] = (
    "-",
    "--",
    "-.",
    ":",
    (0, (6, 2, 1, 2, 1, 2)),
    (0, (1, 3)),
    (0, (4, 1, 1, 1)),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_LOOK: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    # Names of parts inside an SVG are hashes salted by chance, unless the salt is given.
    "svg.hashsalt": "earlywarn",
    # Letters become outlines: a reader's own fonts would move every label.
    "svg.fonttype": "path",
}


@dataclass(frozen=True)
class Picture:
    """One picture in one language, and what it shows, in words, for those who do not see it."""

    name: str
    language: Language
    kind: Literal["svg", "png"]
    content: bytes
    title: str
    says: str

    @property
    def file(self) -> str:
        """Return the name of its file.

        >>> Picture("lists", "fr", "svg", b"", "", "").file
        'lists.fr.svg'
        """
        return f"{self.name}.{self.language}.{self.kind}"


@contextmanager
def look() -> Iterator[None]:
    """Draw in one look, whatever the machine's own settings for matplotlib say."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        yield


def blank(width: float, height: float) -> Figure:
    """Return a figure that no global state knows of, in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def title_of(figure: Figure, title: str, note: str = "") -> None:
    """Write what a figure shows above it, and how to read it below."""
    width = figure.get_figwidth()
    # A letter of the title takes about a twelfth of an inch, one of the note a fifteenth.
    figure.suptitle(textwrap.fill(title, int(width * 11)), x=0.012, ha="left", fontsize=12, fontweight="bold")
    if note:
        figure.supxlabel(textwrap.fill(note, int(width * 15)), x=0.012, ha="left", fontsize=8.5, color=SOFT)


def svg_of(figure: Figure, title: str) -> bytes:
    """Write a figure as SVG, without a date."""
    buffer = io.BytesIO()
    # Without these two a file names the day and the version it was drawn by.
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "earlywarn", "Title": title})
    return buffer.getvalue()


def png_of(figure: Figure, *, dots: int = 110) -> bytes:
    """Write a figure as PNG, for clouds of points, which an SVG would list one by one."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dots, metadata={"Software": None})
    return buffer.getvalue()


def share_axis(axes: Axes, which: Literal["x", "y"], language: Language) -> None:
    """Write an axis of shares as percentages."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: write_share(value, language, decimals=1)))


def number_axis(axes: Axes, which: Literal["x", "y"], language: Language, *, decimals: int = 2) -> None:
    """Write an axis of numbers as the language does."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: write_number(value, language, decimals=decimals).replace("-", "−"))
    )

"""Draw a profile as an icicle: a box is a function, as wide as the share of samples that passed it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

OURS = ("(earlywarn/", "(api/")
LEAST_SHARE, LEAST_LABEL = 0.004, 0.02
CHARACTERS_ACROSS = 190
COLOR_OURS, COLOR_OTHERS = "#cfe3f5", "#ececec"


@dataclass
class Frame:
    """A function as called from its caller, and how many samples passed through it."""

    name: str
    is_ours: bool
    samples: int = 0
    called: dict[str, Frame] = field(default_factory=dict)


def tree_of(stacks: Iterable[str]) -> Frame:
    """Read collapsed stacks (`frame;frame;frame count`), keeping our own functions and what they call first.

    What a library does inside is no news of ours: it shows as one box, named after the function of it that
    ours called.
    """
    root = Frame("all", is_ours=False)
    for line in stacks:
        stack, count = line.rsplit(" ", 1)
        shown = list(_shown(stack.split(";")))
        root.samples += int(count) if shown else 0
        here = root
        for name, is_ours in shown:
            here = here.called.setdefault(name, Frame(name, is_ours))
            here.samples += int(count)
    return root


def _shown(frames: Sequence[str]) -> Iterator[tuple[str, bool]]:
    was_ours, before = False, ""
    for frame in frames:
        is_ours = any(place in frame for place in OURS)
        name = frame.split(" (")[0].replace(".<locals>", "")
        if (is_ours or was_ours) and name != before:
            yield name, is_ours
        was_ours, before = is_ours, name


def draw(root: Frame, title: str) -> bytes:
    """Return the picture as PNG."""
    deep = _depth(root, root.samples)
    with matplotlib.rc_context({"font.size": 8, "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(15, 0.9 + 0.3 * deep), dpi=110, layout="constrained")
        axes = figure.subplots()
        axes.set_title(title, loc="left", fontsize=10)
        _boxes(axes, root, 0.0, 0, root.samples)
        axes.set_xlim(0, 1)
        axes.set_ylim(deep, 0)
        axes.set_axis_off()
        raw = io.BytesIO()
        figure.savefig(raw, format="png", metadata={"Software": None})
    return raw.getvalue()


def _depth(frame: Frame, whole: int) -> int:
    shown = (one for one in frame.called.values() if one.samples >= LEAST_SHARE * whole)
    return max((1 + _depth(one, whole) for one in shown), default=0)


def _boxes(axes: Axes, frame: Frame, left: float, level: int, whole: int) -> None:
    for one in sorted(frame.called.values(), key=lambda one: -one.samples):
        share = one.samples / whole
        if share < LEAST_SHARE:
            break
        color = COLOR_OURS if one.is_ours else COLOR_OTHERS
        axes.add_patch(Rectangle((left, level), share, 0.92, facecolor=color, edgecolor="white"))
        if share >= LEAST_LABEL:
            room = int(share * CHARACTERS_ACROSS)
            label = f"{one.name} {share:.0%}"
            shown = label if len(label) <= room else label[: max(room - 1, 1)] + "…"
            axes.text(left + share / 2, level + 0.46, shown, ha="center", va="center", clip_on=True)
        _boxes(axes, one, left, level + 1, whole)
        left += share

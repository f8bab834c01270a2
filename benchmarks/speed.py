"""Measure what explaining costs, and write `benchmarks/RESULTS.md`.

`make bench` builds the demonstration first: its models and its rows are what is measured. Pairs run in turn
in one process, one thread each, in processor time; figures are medians of five rounds, with their range.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.explaining import Explained, demonstrated, explained, large_model, with_reasons
from benchmarks.pairs import ROUNDS, Pair
from earlywarn.pipeline.demo import TODAY
from earlywarn.workspace import Workspace

HERE = Path(__file__).parent
PAGE = HERE / "RESULTS.md"
DEMO = HERE.parent / ".earlywarn" / "demo"
PACKAGES = ("lightgbm", "shap", "numba", "numpy")
GOALS = {
    1: ("exact SHAP against `pred_contrib`, candidates of `make demo`", "40x", "80x"),
    2: ("the same, 300 trees x 31 leaves, 60 numeric features with missing values", "30x", "60x"),
    3: ("score, explanation and five reasons against `Booster.predict` alone", "1.5x", "0.7x"),
}


@dataclass(frozen=True)
class Line:
    """One figure beside its goal."""

    number: int
    model: str
    figure: str
    pair: Pair


def lines(workspace: Workspace, keys: Path) -> Iterator[tuple[Line, Explained | None]]:
    """Measure one thing after the other."""
    for model, boosters, rows in demonstrated(workspace, keys, TODAY):
        name = f"{model.network}/{model.model}"
        told = explained(name, boosters[0], rows)
        yield Line(1, name, _times(told.beside_contrib), told.beside_contrib), told
        pair = with_reasons(model, boosters, rows)
        yield Line(3, f"{name}, {len(boosters)} seeds, {model.kind}", _cost(pair), pair), None
    told = explained("300 x 31", *large_model())
    yield Line(2, told.name, _times(told.beside_contrib), told.beside_contrib), told


def _times(pair: Pair) -> str:
    return f"**{pair.times_faster:.0f}x** ({pair.spread()})"


def _cost(pair: Pair) -> str:
    return f"**{1 / pair.times_faster:.2f}x** ({1 / max(pair.ratios):.2f} to {1 / min(pair.ratios):.2f})"


def page(found: list[tuple[Line, Explained | None]]) -> list[str]:
    """Write the page."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    head = [
        "# What explaining costs",
        "",
        f"Written by `make bench`: {os.cpu_count()} cores, Python {platform.python_version()}, {versions}.",
        f"Both sides run in turn in one process, one thread each; medians of {ROUNDS} rounds in processor "
        "time, with the least and the largest.",
        "Each pair was asserted to give the same answers first: attributions within 1e-10, and the same bits "
        "whether rows are read by machine code or one at a time by numpy.",
        "",
        "| # | what | model | figure | floor | aim | ours, µs a row | theirs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    body = [
        f"| {line.number} | {GOALS[line.number][0]} | {line.model} | {line.figure} | {GOALS[line.number][1]} "
        f"| {GOALS[line.number][2]} | {line.pair.ours:.2f} | {line.pair.theirs:.1f} |"
        for line, _ in sorted(found, key=lambda one: one[0].number)
    ]
    shapes = [
        "",
        "## The models",
        "",
        "| model | shape | largest difference from `pred_contrib` | many rows beside `predict` (score alone) "
        "| one row at a time, numpy alone, µs | `pred_contrib` of one row, µs |",
        "|---|---|---|---|---|---|",
    ]
    models = [
        f"| {one.name} | {one.shape} | {one.difference:.0e} | {_cost(one.beside_predict)} "
        f"| {one.one_row.ours:.0f} | {one.one_row.theirs:.0f} |"
        for _, one in found
        if one is not None
    ]
    return [*head, *body, *shapes, *models]


def main() -> None:
    """Measure, print the page and write it beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=DEMO)
    demo = parser.parse_args().demo
    found = []
    for line, told in lines(Workspace(demo / "workspace"), demo / "keys"):
        print(line.number, line.model, line.figure, flush=True)
        found.append((line, told))
    written = page(found)
    PAGE.write_text("\n".join(written) + "\n", encoding="utf-8")
    print("\n".join(written))


if __name__ == "__main__":
    main()

"""Lay our models' curves over the 110 published dropout flags of Bowers, Sprott & Taff (2013).

`python -m benchmarks.published_flags docs/published-flags.png` reads the flags where EARLYWARN_DATA has them,
and the committed quality sheets; it draws the picture and prints for how many flags a model finds more at the
flag's own false-positive rate. Populations, outcomes and years differ: this says where we stand, and proves
nothing.

Source of the flags: Bowers, A. J., Sprott, R., & Taff, S. A. (2013). Do we know who will drop out? A review
of the predictors of dropping out of high school: precision, sensitivity, and specificity. The High School
Journal, 96(2), 77-100.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
FLAGS = Path("published_flags") / "bowersEWS.csv"
HEADS = ("model", "AUC", "flags", "finds more", "surely more", "surely less", "rules find more", "outcome")


@dataclass(frozen=True)
class Flag:
    """One published flag: of those with the outcome whom it names, and of those without."""

    sensitivity: float
    false_positive_rate: float
    precision: float


@dataclass(frozen=True)
class Shown:
    """A model that the picture shows: where its sheet is, and what it is called."""

    model: str
    line: str
    marker: str
    fr: str
    en: str
    """What the outcome is and of whom, so that nobody takes it for a dropout flag."""


MODELS = (
    Shown("quebec/dropout", "-", "o", "sortie sans diplôme, réseau inventé", "dropout, invented network"),
    Shown("uci697/dropout", "--", "s", "abandon, université (Portugal)", "dropout, university (Portugal)"),
    Shown("oulad/withdrawal", "-.", "^", "abandon d’un cours (OULAD)", "withdrawal from a course (OULAD)"),
    Shown(
        "star/retained", ":", "D", "redoublement, primaire (egsingle)", "grade repetition, primary (egsingle)"
    ),
)


@dataclass(frozen=True)
class OurCurve:
    """One model of a sheet: its kept curve, and its point at the school's capacity."""

    rates: Sequence[float]
    sensitivity: Sequence[float]
    low: Sequence[float | None]
    high: Sequence[float | None]
    auc: float
    precision: float
    recall: float
    false_positive_rate: float
    """Of those without the outcome, the share that stands on a list at capacity."""


def flags_file() -> Path:
    """Return where the published flags lie, if anywhere."""
    return Path(os.environ.get("EARLYWARN_DATA", PROJECT.parent / "shared" / "data")) / FLAGS


def read_flags(path: Path) -> list[Flag]:
    """Read the published flags; where two columns of one disagree, the lower false-positive rate counts."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Flag(
                float(row["sensitivity"]),
                min(1 - float(row["specificity"]), float(row["false.positives_proportion"])),
                float(row["prediction"]),
            )
            for row in csv.DictReader(file)
        ]


def curve_in(sheet: dict[str, Any], name: str | None = None) -> OurCurve | None:
    """Return a model's curve in the leading back-test; the chosen one's by default, None where none is kept.

    Raises:
        SystemExit: The sheet is older than curves.
    """
    lead = sheet["backtests"][0]
    if "lists" not in lead:
        sys.exit(
            f"the sheet of {sheet['network']}/{sheet['model']} keeps no curve: train it again with "
            "--write-sheets"
        )
    wanted = name or lead["chosen"]
    curve = next((one for one in lead["lists"]["curves"] if one["name"] == wanted), None)
    if curve is None:
        return None
    overall = next(one for one in lead["candidates"] if one["name"] == wanted)["overall"]
    capacity, positive = overall["capacity"], overall["n_positive"]
    recall = capacity["recall"]["value"]
    return OurCurve(
        rates=curve["false_positive_rate"],
        sensitivity=curve["sensitivity"],
        low=curve["low"],
        high=curve["high"],
        auc=overall["auc"]["value"],
        precision=capacity["precision"]["value"],
        recall=recall,
        false_positive_rate=(capacity["n_listed"] - recall * positive) / (overall["n"] - positive),
    )


def outdone(flags: Sequence[Flag], rates: Sequence[float], found: Sequence[float | None]) -> list[bool]:
    """Say which flags a curve outdoes: it finds more at the flag's own false-positive rate.

    Between kept points the curve is taken as straight; a point that could not be told finds nothing.

    >>> outdone([Flag(0.2, 0.5, 0.1), Flag(0.8, 0.5, 0.1)], [0.0, 1.0], [0.0, 1.0])
    [True, False]
    """
    ours = np.interp([flag.false_positive_rate for flag in flags], rates, [one or 0.0 for one in found])
    return [bool(share > flag.sensitivity) for share, flag in zip(ours, flags, strict=True)]


def counts(curve: OurCurve, flags: Sequence[Flag]) -> tuple[int, int, int]:
    """Count flags that a model outdoes, outdoes with the lower end of its interval, and not with the upper.

    What a flag's own sample leaves open is not published, so only our own doubt is counted.
    """
    high = [1.0 if one is None else one for one in curve.high]
    more, surely, at_best = (
        sum(outdone(flags, curve.rates, found)) for found in (curve.sensitivity, curve.low, high)
    )
    return more, surely, len(flags) - at_best


def table(sheets: Sequence[tuple[Shown, dict[str, Any]]], flags: Sequence[Flag]) -> str:
    """Print for how many flags each model, and its rules in use, find more."""
    rows: list[Sequence[str]] = [HEADS]
    for shown, sheet in sheets:
        chosen, rules = curve_in(sheet), curve_in(sheet, "rules")
        assert chosen is not None  # noqa: S101 - every sheet keeps the chosen one's
        told = [f"{chosen.auc:.3f}", str(len(flags)), *(str(one) for one in counts(chosen, flags))]
        by_rules = "-" if rules is None else str(counts(rules, flags)[0])
        rows.append((shown.model, *told, by_rules, shown.en))
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the picture and print the table."""
    parser = argparse.ArgumentParser(description="Draw our curves beside the 110 published flags.")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--models", type=Path, default=PROJECT / "models", help="where NETWORK/MODEL/ lie")
    given = parser.parse_args(arguments)
    path = flags_file()
    if not path.is_file():
        sys.exit(f"no {path}: set EARLYWARN_DATA to the folder that holds {FLAGS}")
    flags = read_flags(path)
    sheets = [
        (shown, json.loads((given.models / shown.model / "backtest.json").read_text(encoding="utf-8")))
        for shown in MODELS
    ]
    print(table(sheets, flags))
    # Drawing needs matplotlib; whoever only counts does not wait for it.
    from benchmarks.published_flags_picture import draw

    given.picture.write_bytes(draw(sheets, flags))
    print(f"{given.picture}: {given.picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

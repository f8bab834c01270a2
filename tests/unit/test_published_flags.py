"""Published flags beside a model: counted at each flag's own false-positive rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.published_flags import FLAGS, MODELS, Flag, counts, curve_in, read_flags, table

HEADER = "id,prediction,sensitivity,specificity,false.positives_proportion\n"


def sheet(*, lists: bool = True) -> dict[str, Any]:
    """Return the sheet of 100 rows, 20 with the outcome, of which 10 are listed, 6 rightly."""
    overall = {
        "n": 100,
        "n_positive": 20,
        "auc": {"value": 0.75},
        "capacity": {"n_listed": 10, "precision": {"value": 0.6}, "recall": {"value": 0.3}},
    }
    curve = {
        "name": "logistic",
        "false_positive_rate": [0.0, 0.2, 1.0],
        "sensitivity": [0.0, 0.6, 1.0],
        "low": [0.0, 0.5, 1.0],
        "high": [0.1, 0.7, None],
    }
    lead: dict[str, Any] = {"chosen": "logistic", "candidates": [{"name": "logistic", "overall": overall}]}
    if lists:
        lead["lists"] = {"curves": [curve]}
    return {"network": "net", "model": "leaving", "backtests": [lead]}


def test_flags_are_counted_at_their_own_false_positive_rate() -> None:
    """At 0.1 the curve finds 0.30 (0.25 to 0.40): of four flags it outdoes two, one surely, and one never."""
    flags = [Flag(sensitivity, 0.1, 0.5) for sensitivity in (0.20, 0.28, 0.35, 0.45)]
    curve = curve_in(sheet())
    assert curve is not None

    assert counts(curve, flags) == (2, 1, 1)


def test_the_list_stands_at_its_own_false_positive_rate() -> None:
    """Four of the eighty without the outcome are listed."""
    curve = curve_in(sheet())
    assert curve is not None

    assert (curve.recall, curve.precision, curve.false_positive_rate) == (0.3, 0.6, 0.05)


def test_a_sheet_without_curves_says_what_to_do() -> None:
    """Sheets written before curves were kept are not drawn as empty."""
    with pytest.raises(SystemExit, match="net/leaving keeps no curve: train it again"):
        curve_in(sheet(lists=False))


def test_a_flag_that_disagrees_with_itself_gets_the_benefit(tmp_path: Path) -> None:
    """Where specificity says 0.4 and the proportion 0.1, the flag counts at 0.1."""
    path = tmp_path / "flags.csv"
    path.write_text(HEADER + "1,0.5,0.3,0.6,0.1\n2,0.5,0.3,0.9,0.1\n", encoding="utf-8")

    flags = read_flags(path)

    assert [round(flag.false_positive_rate, 6) for flag in flags] == [0.1, 0.1]


def test_all_published_flags_are_read_and_counted(real_data: Path) -> None:
    """The table counts 110 flags, and says nothing of rules that a sheet does not hold."""
    if not (real_data / FLAGS).is_file():
        pytest.skip(f"no {FLAGS} in {real_data}: fetch the table of Bowers, Sprott & Taff (2013)")
    flags = read_flags(real_data / FLAGS)

    lines = table([(MODELS[0], sheet())], flags).splitlines()

    assert len(flags) == 110
    assert lines[1].split()[:3] == ["quebec/dropout", "0.750", "110"]
    assert lines[1].endswith("-                dropout, invented network")

"""Pictures show the sheet, say the same twice, and never by color alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import pytest

from earlywarn.evaluation import GroupNames, Tolerance
from earlywarn.pictures import Moves, draw_pictures
from earlywarn.pictures.canvas import ACCENT, COLORS, INK, SOFT, WARN
from earlywarn.pictures.features import dependence, summary
from earlywarn.pictures.forests import VERDICTS, groups, verdict_of_gap
from earlywarn.pictures.lists import lists
from earlywarn.pictures.words import WORDS, feature_label
from tests.builders.published import CATALOG, entry, example_rows

TOLERANCE = Tolerance(calibration=0.03, rates=0.15)


@pytest.fixture(scope="module")
def sheet() -> dict[str, Any]:
    """Return a committed sheet with curves of three shares beside it."""
    path = Path(__file__).resolve().parents[3] / "models" / "quebec" / "dropout" / "backtest.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    lead = found["backtests"][0]
    curve = {"precision": [0.4, 0.2, 0.1], "recall": [0.1, 0.4, 0.8]}
    lead["list_curves"] = {
        "shares": [0.01, 0.1, 0.5],
        "listed": [0.02, 0.11, 0.5],
        "candidates": [{"name": one["name"], **curve} for one in lead["candidates"]],
    }
    return found


def test_every_picture_is_there_and_the_same_twice(sheet: dict[str, Any]) -> None:
    """The same sheet gives the same bytes, and they name no day."""
    first, second = (draw_pictures(sheet, GroupNames(), TOLERANCE, languages=["fr"]) for _ in range(2))

    names = ["reliability", "lists", "candidates", "groups"]
    assert [one.file for one in first] == [f"{name}.fr.svg" for name in names]
    assert [one.content for one in first] == [one.content for one in second]
    for one in first:
        assert not re.search(rb"<dc:date>|20\d\d-\d\d-\d\dT", one.content)
        assert Xml.fromstring(one.content).tag.endswith("svg")  # noqa: S314 - written just now
        assert one.says


def test_what_an_older_sheet_does_not_hold_is_not_drawn(sheet: dict[str, Any]) -> None:
    """Without curves and groups there is no picture of them."""
    lead = {**sheet["backtests"][0], "groups": []}
    lead.pop("list_curves")

    assert lists(lead, 0.1, ["school"], "en") is None
    assert groups(lead, GroupNames(), TOLERANCE, "en") is None


def test_shap_draws_the_same_bytes_and_leaves_chance_as_it_was() -> None:
    """Its global draws are fixed, and the generator of everybody else goes on undisturbed."""
    rows = example_rows(60)
    moves = Moves(tuple(CATALOG), rows, np.nan_to_num(rows - np.nanmean(rows, axis=0)))
    np.random.seed(7)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002

    first, second, other = summary(moves, "fr"), summary(moves, "fr"), dependence(moves, "fr")

    assert [one.file for one in (first, other) if one] == ["shap_summary.fr.png", "shap_dependence.fr.png"]
    assert first == second
    assert np.random.random() == expected  # noqa: NPY002


@pytest.mark.parametrize(
    ("ends", "verdict", "expected"),
    [
        ({"low": 0.2, "high": 0.3}, "cannot tell", "cannot tell"),
        ({"low": 0.2, "high": 0.3}, "outside", "outside"),
        ({"low": -0.01, "high": 0.02}, "outside", "within"),
        ({"low": -0.1, "high": 0.1, "corrected_low": -0.2, "corrected_high": 0.2}, "outside", "within"),
        ({"low": 0.2, "high": 0.3, "corrected_low": 0.1, "corrected_high": 0.4}, "outside", "cannot tell"),
        ({"low": None, "high": None}, "outside", "cannot tell"),
    ],
)
def test_a_gap_bears_the_sheets_verdict(ends: dict[str, float], verdict: str, expected: str) -> None:
    """The sheet judges two rates together; where one alone is outside, the other is not drawn so."""
    group = {"rates_verdict": verdict, "calibration_verdict": "within", "recall_gap": {"value": 0.1, **ends}}

    assert verdict_of_gap(group, "recall_gap", 0.15) == expected


def test_no_verdict_is_told_by_color_alone() -> None:
    """Each has a shape of its own, which gray paper keeps."""
    assert len({marker for marker, _, _ in VERDICTS.values()}) == len(VERDICTS)


@pytest.mark.parametrize("color", sorted({ACCENT, INK, SOFT, WARN, *COLORS}))
def test_every_color_has_the_contrast_that_wcag_asks_of_text(color: str) -> None:
    """At least 4.5 to 1 on white (WCAG 2.2, 1.4.3)."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert 1.05 / (luminance + 0.05) >= 4.5


def test_every_text_is_there_in_both_languages_with_the_same_gaps() -> None:
    """A picture says in English what it says in French."""
    for key, said in WORDS.items():
        assert set(said) == {"fr", "en"}, key
        assert sorted(re.findall(r"{\w+}", said["fr"])) == sorted(re.findall(r"{\w+}", said["en"])), key


def test_a_feature_is_called_by_the_catalogs_words() -> None:
    """The sentence of its indicator, with a gap for the value, and what it is compared with."""
    text = {"fr": "{value} {jour|jours} d’absence {window}", "en": "{value} {day|days} of absence {window}"}
    plain, trend = entry("absences__sum__30d__peers", 1, text), entry("absences__trend__30d", 1, text)

    assert feature_label(plain, "sum", "fr") == (
        "… jours d’absence dans les 30 derniers jours (écart avec le groupe)"
    )
    assert feature_label(trend, "sum", "en") == "… days of absence in the last 30 days (trend)"

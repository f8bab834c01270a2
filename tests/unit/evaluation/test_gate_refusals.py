"""For each gate, a sheet that deserves it is refused, and nothing but a better sheet opens it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from earlywarn import cli
from earlywarn.evaluation import (
    Bounds,
    CardProse,
    Gates,
    GroupNames,
    calibration_bounds,
    card_markdown,
    judged,
    unsure_of,
)
from earlywarn.evaluation import gates as gates_module
from earlywarn.pipeline import promote
from earlywarn.settings import Settings
from tests.builders.sheets import figure, good_sheet

WORDS = {"fr": "texte", "en": "text"}
PROSE = CardProse(WORDS, WORDS, WORDS)
GATES = Gates(("rules", "one_column"), True, 0.05, Bounds(), ("sex",))

Sheet = dict[str, Any]


def lead(sheet: Sheet) -> Sheet:
    """Return the leading back-test."""
    found: Sheet = sheet["backtests"][0]
    return found


def calibration(sheet: Sheet) -> Sheet:
    """Return the chosen candidate's calibration."""
    found: Sheet = lead(sheet)["candidates"][1]["overall"]["calibration"]
    return found


def closed(sheet: Sheet, **asked: Any) -> dict[str, tuple[str, ...]]:
    """Return the closed gates with their reasons."""
    return {gate.name: gate.closed for gate in judged(sheet, GATES, PROSE, **asked) if not gate.is_open}


def _no_groups(sheet: Sheet) -> None:
    lead(sheet)["groups"] = []


def _no_moments(sheet: Sheet) -> None:
    lead(sheet)["moments"] = []


def _no_lists(sheet: Sheet) -> None:
    lead(sheet)["candidates"][1]["overall"]["capacity"] = None


def _no_lists_of_schools(sheet: Sheet) -> None:
    del lead(sheet)["lists"]


def _no_audit(sheet: Sheet) -> None:
    del lead(sheet)["audit"]


def _no_leaks(sheet: Sheet) -> None:
    del sheet["leaks"]


def _one_detector_missing(sheet: Sheet) -> None:
    del sheet["leaks"][0]


def _stopped_leak(sheet: Sheet) -> None:
    sheet["leaks"][3]["verdict"] = "stopped"


def _rules_equal(sheet: Sheet) -> None:
    lead(sheet)["comparisons"][0] |= {"verdict": "cannot tell", "auc": figure(0.0, -0.01, 0.01)}


def _worse_brier(sheet: Sheet) -> None:
    lead(sheet)["comparisons"][0]["brier"] = figure(0.01, 0.002, 0.02)


def _far_from_rates(sheet: Sheet) -> None:
    calibration(sheet)["expected_error"] = 0.06


def _too_bold(sheet: Sheet) -> None:
    calibration(sheet)["slope"] = 0.2


def _too_high(sheet: Sheet) -> None:
    calibration(sheet)["intercept"] = -0.9


def _no_rates_in_a_group(sheet: Sheet) -> None:
    lead(sheet)["groups"][0]["calibration_verdict"] = "outside"


def _wider_than_rules(sheet: Sheet) -> None:
    lead(sheet)["groups"][0] |= {"rates_verdict": "outside", "against_rules": "wider"}


def _rates_not_reported(sheet: Sheet) -> None:
    lead(sheet)["groups"][0]["recall"] = figure(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoil", "gate", "reason"),
    [
        (_no_groups, "sections", "the sheet lacks its section 'groups': train again"),
        (_no_moments, "sections", "the sheet lacks its section 'moments': train again"),
        (_no_lists, "sections", "the sheet lacks its section 'lists': train again"),
        (_no_lists_of_schools, "sections", "the sheet lacks its section 'lists': train again"),
        (_no_audit, "sections", "the sheet lacks its section 'audit': train again"),
        (_no_leaks, "leaks", "the leak detectors did not run: train again"),
        (_one_detector_missing, "leaks", "the detector 'as-of replay' did not run: train again"),
        (_stopped_leak, "leaks", "single column stopped: nothing."),
        (_rules_equal, "better_than_rules", "logistic does not beat rules (AUC +0.000 [-0.010, +0.010])"),
        (
            _worse_brier,
            "not_worse_than_simpler",
            "logistic is worse than rules, which is simpler (AUC +0.050 [+0.040, +0.060], "
            "Brier +0.0100 [+0.0020, +0.0200])",
        ),
        (_far_from_rates, "calibration_error", "its risks lie 0.060 from the rates, more than 0.05"),
        (_too_bold, "slope", "its calibration slope is 0.20 [-0.28, 0.68], outside 0.7 to 1.4"),
        (_too_high, "slope", "its calibration intercept is -0.90, further from 0 than 0.3"),
        (
            _no_rates_in_a_group,
            "calibrated_within_groups",
            "its risks do not mean rates for sex = F (risk minus rate +0.080 [+0.060, +0.100])",
        ),
        (
            _wider_than_rules,
            "gaps_no_wider_than_rules",
            "error rates of sex = F lie further from the others' than the rules' do",
        ),
        (_rates_not_reported, "gaps_no_wider_than_rules", "the error rates of sex = F are not reported"),
    ],
)
def test_a_sheet_that_deserves_it_is_refused(spoil: Callable[[Sheet], None], gate: str, reason: str) -> None:
    """One fault closes one gate, and the reason says which."""
    sheet = good_sheet()
    spoil(sheet)

    assert closed(sheet) == {gate: (reason,)}


def test_a_simpler_candidate_that_is_better_is_the_one_to_declare() -> None:
    """Where the chosen one is worse than a simpler one on the future, the reason names the simpler one."""
    sheet = good_sheet()
    lead(sheet)["candidates"].insert(1, {**lead(sheet)["candidates"][1], "name": "one_column"})
    pair: Sheet = {"model": "logistic", "other": "one_column", "verdict": "worse"}
    pair |= {"auc": figure(-0.02, -0.03, -0.01), "brier": figure(0.0, -0.01, 0.01)}
    lead(sheet)["comparisons"].append(pair)

    reasons = closed(sheet)

    assert set(reasons) == {"better_than_one_column", "not_worse_than_simpler"}
    assert reasons["not_worse_than_simpler"][0].endswith("declare [candidates] names up to one_column")


def test_a_complex_candidate_that_is_better_closes_nothing() -> None:
    """What cannot be chosen as simpler is no reason to refuse the simpler one."""
    sheet = good_sheet()
    lead(sheet)["candidates"].append({**lead(sheet)["candidates"][1], "name": "lightgbm"})
    pair = {"model": "logistic", "other": "lightgbm", "verdict": "worse"}
    lead(sheet)["comparisons"].append(
        pair | {"auc": figure(-0.02, -0.03, -0.01), "brier": figure(0.01, 0.005, 0.02)}
    )

    assert closed(sheet) == {}


def test_a_model_worse_than_the_champion_is_refused() -> None:
    """A paired interval below zero on the held-out year closes; one that cannot tell does not."""
    worse = {"verdict": "worse", "auc": figure(-0.03, -0.05, -0.01)}
    unsure = {"verdict": "cannot tell", "auc": figure(-0.01, -0.03, 0.01)}

    reasons = [closed(good_sheet(), against_champion=pair) for pair in (worse, unsure, None)]

    said = "it is worse than the present champion (AUC -0.030 [-0.050, -0.010])"
    assert reasons == [{"not_worse_than_champion": (said,)}, {}, {}]


def test_a_card_that_lacks_a_generated_section_is_refused() -> None:
    """The registered card must hold every section that its sheet gives today."""
    sheet = good_sheet()
    whole = card_markdown(sheet, PROSE, GroupNames())

    reasons = [
        closed(sheet, card=card, names=GroupNames())
        for card in (whole, whole.replace("## Leaks looked for", "Leaks looked for"))
    ]

    assert reasons == [{}, {"card": ("the card lacks its section 'Leaks looked for': train again",)}]


def test_bounds_wait_where_the_base_rate_moved() -> None:
    """A rate that doubled is no fault of the line: the sheet says so, and the gate cannot tell."""
    sheet = good_sheet()
    lead(sheet)["n_positive"] = 90
    _too_high(sheet)

    slope = next(gate for gate in judged(sheet, GATES, PROSE) if gate.name == "slope")

    assert (slope.is_open, slope.figure) == (
        True,
        "calibration: the base rate moved from 0.100 to 0.200, cannot tell",
    )
    assert unsure_of(sheet, GroupNames(), "fr") == [
        "justesse des risques\u00a0: le taux est passé de 0,100 à 0,200, on ne peut pas trancher"
    ]


def test_gaps_that_the_rules_have_too_pass() -> None:
    """Outside, and no wider than the rules' own, or without rules to compare with."""
    sheets = [good_sheet() for _ in range(3)]
    for sheet, against in zip(sheets, ("no wider", "cannot tell", None), strict=True):
        lead(sheet)["groups"][0] |= {"rates_verdict": "outside", "against_rules": against}

    assert [closed(sheet) for sheet in sheets] == [{}, {}, {}]
    first = "sex: F (n = 150): cannot tell (error rates beside the rules')"
    assert [unsure_of(sheet, GroupNames()) for sheet in sheets] == [[], [first], [first]]


def test_every_gate_is_printed_open_or_closed() -> None:
    """Each line has its figure, and a closed one its reason."""
    sheet = good_sheet()
    _far_from_rates(sheet)

    lines = [gate.line() for gate in judged(sheet, GATES, PROSE)]

    assert lines == [
        "open    sections: every section is there",
        "open    card: every section is written",
        "open    leaks: 6 passed",
        "open    better_than_rules: beats (AUC +0.050 [+0.040, +0.060])",
        "open    better_than_one_column: cannot tell, it is no candidate",
        "open    not_worse_than_simpler: rules (AUC +0.050 [+0.040, +0.060], "
        "Brier -0.0100 [-0.0200, -0.0050])",
        "closed  calibration_error: its risks lie 0.060 from the rates, more than 0.05",
        "open    slope: slope 1.00, intercept 0.00",
        "open    calibrated_within_groups: groups: 1 within",
        "open    gaps_no_wider_than_rules: groups: 1 within",
        "open    not_worse_than_champion: there is no champion to compare with",
    ]


def test_no_option_and_no_variable_leads_round_a_gate() -> None:
    """The verb takes the model's name alone, no setting names a gate, and no gate reads a variable."""
    sources = [inspect.getsource(module) for module in (gates_module, calibration_bounds, promote)]

    assert list(inspect.signature(cli.promote).parameters) == ["model"]
    assert set(inspect.signature(promote.promote).parameters) == {"model_dir", "workspace", "tracking_uri"}
    assert not [name for name in Settings.model_fields if "gate" in name or "force" in name or "skip" in name]
    assert not [text for text in sources if "environ" in text or "getenv" in text or "Settings" in text]

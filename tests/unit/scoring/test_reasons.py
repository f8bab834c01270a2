"""Reasons say what the records show, and only where the fact agrees with the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from earlywarn.features import Catalog
from earlywarn.scoring import PublishedModel, Reason, compile_trees, linear_terms, reasons_for, tell
from earlywarn.scoring.choosing import tell_block
from earlywarn.scoring.reasons import book_of
from earlywarn.scoring.wording import STRENGTH_WORDS
from tests.builders.published import CATALOG, FEATURES, MARK_TEXT, entry, example_rows, plain_model

MEDIAN = 5.0
USUAL: dict[str, float] = {
    "period_day": 100.0,
    "absences__sum__30d": MEDIAN,
    "absences__sum__30d__own_past": 0.0,
    "absences__sum__30d__peers": 0.0,
    "absences__days_since__all": MEDIAN,
    "marks__mean__period": MEDIAN,
    "late__share__period": MEDIAN,
    "plan__one_of__all__yes": 0.0,
}


def said(
    attributions: dict[str, float], model: PublishedModel | None = None, **values: float
) -> list[Reason]:
    """The reasons of one row: usual values but those given, no attributions but those given."""
    row = {**USUAL, **values}
    rows = np.array([[row[name] for name in FEATURES]])
    shares = np.array([[attributions.get(name, 0.0) for name in FEATURES]])
    return reasons_for(model or plain_model(), rows, shares)[0]


def test_a_reason_is_a_fact_with_its_evidence() -> None:
    """Seven days where four were before and the group's median is two: said in both languages."""
    (reason,) = said(
        {"absences__sum__30d": 0.5, "absences__sum__30d__peers": 0.3},
        absences__sum__30d=7.0,
        absences__sum__30d__own_past=3.0,
        absences__sum__30d__peers=5.0,
    )

    assert reason.code == "absences"
    assert (reason.direction, reason.strength, reason.actionable) == ("raises", "strong", True)
    assert reason.attribution == pytest.approx(0.8)
    assert reason.evidence.value == 7.0
    assert (reason.evidence.own_past, reason.evidence.peers_median) == (4.0, 2.0)
    assert reason.text["fr"] == "7 jours d’absence non motivée dans les 30 derniers jours"
    assert reason.text["en"] == "7 days of unexcused absence in the last 30 days"
    assert reason.comparison["en"] == "just before, over as long: 4; median of the group: 2"
    assert reason.strength_words["en"] == STRENGTH_WORDS["en"]["strong"]


def test_a_missing_value_is_never_a_reason() -> None:
    """Whatever the model made of a missing mark, nobody is told of a mark."""
    assert said({"marks__mean__period": 3.0}, marks__mean__period=np.nan) == []


def test_a_fact_that_points_the_other_way_is_not_said() -> None:
    """Fewer absences than is usual never stand as what raises an estimate, nor more as what lowers it."""
    assert said({"absences__sum__30d": 0.9}, absences__sum__30d=1.0) == []
    assert said({"absences__sum__30d": -0.9}, absences__sum__30d=9.0) == []
    assert said({"marks__mean__period": 0.9}, marks__mean__period=9.0) == []


def test_what_lowers_an_estimate_is_said_after_what_raises_it() -> None:
    """A good mark may be told, and stands behind the absences even where it weighs more."""
    found = said(
        {"absences__sum__30d": 0.3, "marks__mean__period": -0.9},
        absences__sum__30d=9.0,
        marks__mean__period=8.0,
    )

    assert [(reason.code, reason.direction) for reason in found] == [
        ("absences", "raises"),
        ("marks", "lowers"),
    ]


def test_an_age_speaks_through_the_indicator_s_first_function() -> None:
    """Days since the last absence raise the estimate; the sentence names absences, if they agree."""
    (reason,) = said(
        {"absences__days_since__all": 0.4}, absences__days_since__all=1.0, absences__sum__30d=9.0
    )

    assert reason.evidence.feature == "absences__sum__30d"
    assert reason.text["en"].startswith("9 days")
    assert (
        said({"absences__days_since__all": 0.4}, absences__days_since__all=1.0, absences__sum__30d=0.0) == []
    )


def test_a_code_is_said_only_of_those_who_have_it() -> None:
    """A plan that is not there is no reason; one that is there is context."""
    assert said({"plan__one_of__all__yes": 0.5}) == []
    (reason,) = said({"plan__one_of__all__yes": 0.5}, plan__one_of__all__yes=1.0)
    assert (reason.text["fr"], reason.actionable) == ("plan d’intervention en place", False)


def test_the_calendar_and_trifles_are_no_reasons() -> None:
    """The day of the year is known to models and never a reason, and neither is a share of 0.04."""
    assert said({"period_day": 2.0, "marks__mean__period": 0.04}, marks__mean__period=1.0) == []


def test_a_rank_is_told_as_a_percentage_of_the_group() -> None:
    """The share that lies lower is a percentage, and so is where the peers' median would rank."""
    words = {"fr": "{value} des élèves ont moins", "en": "{value} of the students have less"}
    catalog = Catalog(
        (entry("standing__rank__period", -1, words), entry("standing__rank__period__peers", -1, words))
    )
    model = plain_model(
        features=catalog.names,
        catalog=catalog,
        linear=linear_terms([], catalog.names),
        tables=compile_trees([], 2),
        deciles={"standing__rank__period": (0.5,) * 11},
    )

    (reason,) = reasons_for(model, np.array([[0.12, -0.3]]), np.array([[0.9, 0.0]]))[0]

    assert reason.text["fr"] == "12\u00a0% des élèves ont moins"
    assert reason.comparison["en"] == "median of the group: 42%"


def test_shares_are_percentages_with_french_spaces() -> None:
    """0.125 is written 12,5 % with a no-break space in French."""
    (reason,) = said(
        {"late__share__period": 0.3},
        plain_model(deciles=dict.fromkeys(FEATURES, (0.0,) * 11)),
        late__share__period=0.125,
    )

    assert reason.text["fr"] == "12,5\u00a0% de retards depuis le début de l’année"
    assert reason.text["en"] == "late 12.5% of the time since the start of the year"
    assert reason.strength == "moderate"


def test_at_most_five_and_two_of_a_family() -> None:
    """Seven indicators in three families give five reasons, no family more than twice, strongest first."""
    names = [f"{family}_{n}__mean__all" for family in ("a", "b", "c") for n in (1, 2, 3)]
    catalog = Catalog(tuple(entry(name, 1, MARK_TEXT, family=name[0]) for name in names))
    deciles = dict.fromkeys(names, (0.0,) * 11)
    model = replace(plain_model(), features=tuple(names), catalog=catalog, deciles=deciles)
    shares = np.array([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]])

    found = reasons_for(model, np.ones((1, 9)), shares)[0]

    assert [reason.code for reason in found] == ["a_1", "a_2", "b_1", "b_2", "c_1"]


def told_by_machine_code(model: PublishedModel, rows: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Reasons in numbers, chosen for all rows as one block."""
    told = np.full((len(rows), 5, 5), np.nan)
    values, sums = (np.ascontiguousarray(own.T) for own in (rows, shares))
    tell_block(values, sums, len(rows), book_of(model).arrays, told)
    return told


def test_reasons_are_the_same_alone_and_in_a_crowd() -> None:
    """Batch size changes neither reasons nor a bit of their attributions."""
    model = plain_model(deciles=dict.fromkeys(FEATURES, (1.0,) * 11))
    rows = example_rows(500)
    shares = np.random.default_rng(1).normal(size=rows.shape)

    together = reasons_for(model, rows, shares)
    alone = [reasons_for(model, rows[i : i + 1], shares[i : i + 1])[0] for i in range(len(rows))]

    assert together == alone
    assert np.array_equal(
        told_by_machine_code(model, rows, shares), tell(model, rows, shares), equal_nan=True
    )


def test_every_reason_s_sign_and_value_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """On random rows: no reason of a missing value, none whose fact points against its direction."""
    model = plain_model(deciles=dict.fromkeys(FEATURES, (2.0,) * 11))
    rows = example_rows(2000, seed=3)
    shares = np.random.default_rng(2).normal(size=rows.shape)
    signs = {item.name: item.sign for item in CATALOG}
    n_reasons = 0
    told = reasons_for(model, rows, shares)
    by_machine_code = told_by_machine_code(model, rows, shares)
    assert np.array_equal(tell(model, rows, shares), by_machine_code, equal_nan=True)
    for row, reasons in zip(rows, told, strict=True):
        for reason in reasons:
            value = row[FEATURES.index(reason.evidence.feature)]
            way = 1 if reason.direction == "raises" else -1
            assert value == reason.evidence.value
            assert signs[reason.evidence.feature] * np.sign(value - 2.0) * way >= 0
            n_reasons += 1

    assert n_reasons > 2000
    with capsys.disabled():
        print(f"\nreasons: 2000 random rows, {n_reasons} reasons, none against its sign")  # noqa: T201

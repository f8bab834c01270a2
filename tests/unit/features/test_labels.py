"""Labels of the five forms: true, false or not yet known, each on its day."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from earlywarn.errors import DeclarationError
from earlywarn.features import (
    CohortSpec,
    EqualsOutcome,
    Indicators,
    Moment,
    Outcome,
    QuantileOutcome,
    build_matrix,
    check_outcome,
)
from tests.builders.network import CONTRACT, Row, Rows, memory_tables, stay, tiny_contract, tiny_indicators
from tests.builders.outcomes import BELOW, EQUALS, EVENT, EXIT, LATER

AS_OF = date(2024, 10, 15)
QUANTILE = QuantileOutcome(form="quantile", fr="f", en="e", table="marks", value="mark", share=0.25)


def label(outcome: Outcome, rows: Rows, before: date = LATER) -> tuple[object, object]:
    """Return student a's label on 15 October 2024, and the day it is decided on."""
    found = build_matrix(
        memory_tables({"stays": [stay("a")], **rows}),
        tiny_contract(),
        Indicators.model_validate({"indicator": [tiny_indicators().indicator[0]]}),
        cohort=CohortSpec(where="starts_on = '2024-09-01'"),
        moments=[Moment("2024-2025", "10-15", AS_OF)],
        outcome=outcome,
        before=before,
    )
    assert found.labels is not None
    return found.labels["label"].to_pylist()[0], found.labels["label_known_on"].to_pylist()[0]


def absence(day: date, days: float = 1, **changes: object) -> Row:
    """Return one absence of student a."""
    return {"student_id": "a", "happened_on": day, "days": days, **changes}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 10, 14), False),
        (date(2024, 10, 15), True),
        (date(2024, 10, 24), True),
        (date(2024, 10, 25), False),
    ],
)
def test_event_counts_from_the_date_for_its_horizon(day: date, expected: bool) -> None:
    """Ten days from 15 October are the 15th to the 24th, decided on the 25th."""
    assert label(EVENT, {"absences": [absence(day)]}) == (expected, date(2024, 10, 25))


def test_event_that_is_entered_late_is_not_seen() -> None:
    """What is recorded on the day of decision or after it does not rewrite the label."""
    rows = {"absences": [absence(date(2024, 10, 20), recorded_on=date(2024, 10, 25))]}

    assert label(EVENT, rows)[0] is False
    assert label(EVENT.model_copy(update={"delay_days": 1}), rows)[0] is True


def test_label_waits_for_its_day_even_when_the_event_is_known() -> None:
    """An event of the next day is not a label before the horizon has passed."""
    rows = {"absences": [absence(date(2024, 10, 16))]}

    assert label(EVENT, rows, before=date(2024, 10, 24))[0] is None
    assert label(EVENT, rows, before=date(2024, 10, 25))[0] is True


@pytest.mark.parametrize(
    ("exit_type", "left_on", "expected"),
    [
        ("dropout", date(2025, 6, 30), True),
        ("graduated", date(2025, 6, 30), False),
        ("dropout", date(2025, 7, 1), None),
        (None, None, None),
    ],
)
def test_equals_reads_the_column_as_the_period_ends(
    exit_type: str | None, left_on: date | None, expected: bool | None
) -> None:
    """The value counts as it was known on the first day after the period."""
    rows = {"stays": [stay("a", exit_type=exit_type, left_on=left_on)]}

    assert label(EQUALS, rows) == (expected, date(2025, 7, 1))


@pytest.mark.parametrize(
    ("next_year", "expected"),
    [("dropout", True), ("graduated", False), (None, None)],
)
def test_equals_of_the_next_period_reads_that_period_alone(
    next_year: str | None, expected: bool | None
) -> None:
    """What the column said this year is no answer, and who has no row next year has no label."""
    outcome = EQUALS.model_copy(update={"at": ("next_period",), "by": "11-30"})
    this = stay("a", exit_type="dropout", left_on=date(2024, 10, 20))
    stays = [this]
    if next_year is not None:
        stays.append(stay("a", starts_on=date(2025, 9, 1), exit_type=next_year, left_on=date(2025, 11, 20)))

    assert label(outcome, {"stays": stays}) == (expected, date(2025, 12, 1))


@pytest.mark.parametrize(
    ("at", "by", "decided"),
    [
        ("next_period", None, date(2026, 7, 1)),
        ("next_period", "05-15", date(2026, 5, 16)),
        ("next_period", "09-30", date(2025, 10, 1)),
        ("period", "05-15", date(2025, 5, 16)),
        ("period", "10-15", date(2024, 10, 16)),
        ("period", "10-14", None),
    ],
)
def test_a_label_is_decided_by_a_day_of_its_period(at: str, by: str | None, decided: date | None) -> None:
    """The day after the one by which facts are in; one before the as-of date decides nothing."""
    outcome = BELOW.model_copy(update={"at": (at,), "by": by})

    assert label(outcome, {})[1] == decided


def test_what_comes_in_after_the_day_is_not_in_the_label() -> None:
    """A mark reported on the day of decision is too late, as after any horizon."""
    outcome = BELOW.model_copy(update={"at": ("next_period",), "by": "05-15"})
    marks = [{"student_id": "a", "subject": "french", "reported_on": date(2026, 5, 16), "mark": 55}]

    assert label(outcome, {"marks": marks})[0] is None
    assert label(outcome, {"marks": [{**marks[0], "reported_on": date(2026, 5, 15)}]})[0] is True


def test_equals_needs_a_period_for_its_day() -> None:
    """A day by which facts are in is a day of some period."""
    with pytest.raises(ValidationError, match='need at = \\["period"\\]'):
        EqualsOutcome.model_validate({**EQUALS.model_dump(exclude={"at"}), "by": "05-15"})


@pytest.mark.parametrize(
    ("this_year", "next_year", "expected"),
    [
        ([55], [70], True),
        ([70], [59.9], True),
        ([60], [60], False),
        ([70], [], None),
        ([55], [], True),
        ([], [], None),
        ([None], [70], None),
    ],
)
def test_below_needs_every_period_to_say_no(
    this_year: list[float], next_year: list[float], expected: bool | None
) -> None:
    """One failing mark is enough for true; false needs a mark in each period."""
    marks = [
        {"student_id": "a", "subject": "french", "reported_on": day, "mark": mark}
        for day, some in ((date(2025, 6, 20), this_year), (date(2026, 6, 20), next_year))
        for mark in some
    ]

    assert label(BELOW, {"marks": marks}) == (expected, date(2026, 7, 1))


def test_quantile_gives_the_value_and_leaves_the_cut_to_training() -> None:
    """The mean of the next period is known, and nobody is in the lowest quarter before a cut is fitted."""
    marks = [
        {"student_id": "a", "subject": subject, "reported_on": date(2025, 11, 20), "mark": mark}
        for subject, mark in (("french", 50), ("maths", 61))
    ]
    found = build_matrix(
        memory_tables({"stays": [stay("a")], "marks": marks}),
        tiny_contract(),
        tiny_indicators(),
        cohort=CohortSpec(),
        moments=[Moment("2024-2025", "10-15", AS_OF)],
        outcome=QUANTILE,
        before=LATER,
    )
    assert found.labels is not None

    assert found.labels.to_pylist() == [
        {
            "label": None,
            "label_known_on": date(2026, 7, 1),
            "label_value": 55.5,
            "happened_on": None,
        }
    ]


def test_a_ranked_quantile_gives_the_share_that_lies_lower() -> None:
    """A hundred marks of next year: the k-th from below has k - 1 below it and itself, (2k - 1) / 200."""
    ranked = tiny_contract(
        CONTRACT.replace('starts_on = "starts_on"', 'ranked_among = ["grade"]\nstarts_on = "starts_on"', 1)
    )
    names = [f"s{number:03d}" for number in range(101)]
    marks = [
        {"student_id": name, "subject": "maths", "reported_on": date(2025, 11, 20), "mark": 10 + number // 2}
        for number, name in enumerate(names[:100])
    ]
    found = build_matrix(
        memory_tables({"stays": [stay(name) for name in names], "marks": marks}, ranked),
        ranked,
        tiny_indicators(),
        cohort=CohortSpec(),
        moments=[Moment("2024-2025", "10-15", AS_OF)],
        outcome=QUANTILE.model_copy(update={"ranked": True}),
        before=LATER,
    )
    assert found.labels is not None

    values = found.labels["label_value"].to_pylist()

    assert (values[0], values[1], values[99], values[100]) == (0.01, 0.01, 0.99, None)


def test_nobody_is_ranked_where_the_network_names_no_group() -> None:
    """A ranked quantile needs [network] ranked_among."""
    with pytest.raises(DeclarationError, match="ranked_among names nobody"):
        check_outcome(QUANTILE.model_copy(update={"ranked": True}), tiny_contract())


@pytest.mark.parametrize(
    ("exit_type", "returns_on", "expected"),
    [
        ("dropout", None, True),
        (None, None, True),
        ("dropout", date(2025, 9, 30), False),
        ("dropout", date(2025, 10, 1), True),
        ("graduated", None, False),
        ("transferred", None, None),
        ("transferred", date(2025, 9, 1), False),
    ],
)
def test_exit_is_not_coming_back(
    exit_type: str | None, returns_on: date | None, expected: bool | None
) -> None:
    """Who is not back by 30 September has left, unless completed; a transfer out is censored."""
    stays = [stay("a", exit_type=exit_type, left_on=date(2025, 6, 20) if exit_type else None)]
    stays += [stay("a", starts_on=returns_on)] if returns_on else []

    assert label(EXIT, {"stays": stays}) == (expected, date(2025, 10, 1))


def test_exit_follows_the_latest_stay() -> None:
    """A transfer to a school of the network, then a graduation there, is a graduation."""
    moved = stay("a", exit_type="transferred", left_on=date(2025, 1, 10))
    ended = stay("a", "south", starts_on=date(2025, 1, 11), exit_type="graduated", left_on=date(2025, 6, 20))

    assert label(EXIT, {"stays": [moved, ended]})[0] is False


def test_tables_that_end_early_decide_nothing() -> None:
    """By default a label needs a delivery after its day: the last one ends what is known."""
    found = build_matrix(
        memory_tables({"stays": [stay("a")]}, received_on=date(2025, 9, 29)),
        tiny_contract(),
        tiny_indicators(),
        cohort=CohortSpec(),
        moments=[Moment("2024-2025", "10-15", AS_OF)],
        outcome=EXIT,
    )
    assert found.labels is not None

    assert found.labels["label"].to_pylist() == [None]
    assert found.labels["label_known_on"].to_pylist() == [date(2025, 10, 1)]


@pytest.mark.parametrize(
    "outcome",
    [
        EVENT.model_copy(update={"table": "nowhere"}),
        EVENT.model_copy(update={"where": "now() > happened_on"}),
        EQUALS.model_copy(update={"column": "nothing"}),
        BELOW.model_copy(update={"value": "subject"}),
        EVENT.model_copy(update={"table": "days", "where": None}),
        EXIT.model_copy(update={"table": "marks", "completed": "mark > 1", "censored": "mark > 2"}),
    ],
)
def test_outcome_that_does_not_fit_the_tables_is_refused(outcome: Outcome) -> None:
    """A missing table, a wrong expression, a table without students: each is said before any work."""
    with pytest.raises(DeclarationError):
        check_outcome(outcome, tiny_contract())

"""Moments: which as-of dates a spec means, given the periods that the tables hold."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from earlywarn.errors import AsOfError
from earlywarn.features import AsOfSpec, CohortSpec, Moment, build_matrix, moments_of, moments_on, periods_of
from earlywarn.features.asof import known_column, row_is_known
from earlywarn.features.moments import calendar_of
from tests.builders.network import CONTRACT, memory_tables, stay, tiny_contract, tiny_indicators

COURSES = CONTRACT.replace(
    'starts = "07-01"', 'table = "terms"\nkey = "term"\nstarts_on = "first_on"\nends_on = "last_on"'
) + (
    '[tables.terms]\ngrain = "one row per term"\nkey = ["term"]\nknown_on = "always"\n'
    "[tables.terms.columns]\n"
    'term = { type = "id" }\nfirst_on = { type = "date" }\nlast_on = { type = "date" }\n'
)
TERMS = [
    {"term": "fall", "first_on": date(2024, 9, 1), "last_on": date(2024, 12, 31)},
    {"term": "long", "first_on": date(2024, 10, 1), "last_on": date(2025, 5, 31)},
]


def test_days_of_the_year_fall_in_their_school_year() -> None:
    """15 March of the school year 2024-2025 is in 2025, and no moment lies after what is known."""
    tables = memory_tables({"stays": [stay("a", starts_on=date(2023, 9, 1)), stay("a")]})

    found = moments_of(tiny_contract(), AsOfSpec(dates=("10-15", "03-15")), tables, before=date(2024, 10, 15))

    assert found == [
        Moment("2023-2024", "10-15", date(2023, 10, 15)),
        Moment("2023-2024", "03-15", date(2024, 3, 15)),
        Moment("2024-2025", "10-15", date(2024, 10, 15)),
    ]


def test_offsets_count_from_the_start_of_each_declared_period() -> None:
    """Day 30 is another date in each period, and periods may overlap."""
    contract = tiny_contract(COURSES)
    tables = memory_tables({"terms": TERMS}, contract)

    found = moments_of(contract, AsOfSpec(offset_days=(0, 30)), tables, before=date(2024, 10, 31))

    assert [(moment.period, moment.name, moment.as_of) for moment in found] == [
        ("fall", "0", date(2024, 9, 1)),
        ("fall", "30", date(2024, 10, 1)),
        ("long", "0", date(2024, 10, 1)),
        ("long", "30", date(2024, 10, 31)),
    ]


def test_a_period_is_followed_by_the_next_of_its_own_line() -> None:
    """Two studies whose years coincide: each year's neighbors are its own study's."""
    contract = tiny_contract(
        COURSES.replace('ends_on = "last_on"', 'ends_on = "last_on"\nwithin = "study"')
        + 'study = { type = "category" }\n'
    )
    years = [
        {
            "term": f"{study}{year}",
            "study": study,
            "first_on": date(year, 9, 1),
            "last_on": date(year + 1, 6, 1),
        }
        for year in (2022, 2023, 2024)
        for study in ("a", "b")
    ]
    moments = [Moment("a2023", "30", date(2023, 10, 1)), Moment("b2024", "30", date(2024, 10, 1))]

    found = calendar_of(contract, memory_tables({"terms": years}, contract), moments)

    assert [one and one.name for one in (found["a2023"].previous, found["a2023"].following)] == [
        "a2022",
        "a2024",
    ]
    assert [one and one.name for one in (found["b2024"].previous, found["b2024"].following)] == [
        "b2023",
        None,
    ]
    assert found["b2022"].previous is None


def test_any_day_is_a_moment_of_the_periods_it_lies_in() -> None:
    """A day may be scored that no spec names; outside all periods it is refused."""
    contract = tiny_contract(COURSES)
    tables = memory_tables({"terms": TERMS}, contract)

    assert [moment.period for moment in moments_on(contract, tables, date(2024, 10, 2))] == ["fall", "long"]
    with pytest.raises(AsOfError, match="no period"):
        moments_on(contract, tables, date(2026, 1, 1))


def test_a_network_without_members_has_no_period() -> None:
    """Nothing taken in means nothing to look at, and building a matrix of it says so."""
    tables = memory_tables({})

    assert periods_of(tiny_contract(), tables) == []
    with pytest.raises(AsOfError, match="no as-of date"):
        build_matrix(tables, tiny_contract(), tiny_indicators(), cohort=CohortSpec(), moments=[])


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"dates": ("10-15",), "offset_days": (30,)},
        {"dates": ("02-29",)},
        {"dates": ("13-01",)},
        {"offset_days": (30, 30)},
    ],
)
def test_a_spec_names_moments_in_one_way(declared: dict[str, tuple[object, ...]]) -> None:
    """No form, two forms, a day that is not in every year, a moment named twice: each is refused."""
    with pytest.raises(ValidationError):
        AsOfSpec.model_validate(declared)


def test_the_rule_is_strict_for_rows_and_columns() -> None:
    """What becomes known on the as-of date itself is not known on it."""
    assert row_is_known("fact", "D").startswith("fact.visible_from < D")
    assert known_column("fact", "left_on", "D", {"left_on": '"left_on"'}) == (
        'CASE WHEN fact."left_on" < D THEN fact."left_on" END'
    )


def test_the_rule_stands_in_one_place(project: Path) -> None:
    """No other file of the program compares what became visible with a date."""
    sources = (project / "src" / "earlywarn").rglob("*.py")
    rule = re.compile(r"visible_from\s*(<|>)[^\n]*as_of")
    found = [path.name for path in sources if rule.search(path.read_text(encoding="utf-8"))]

    assert found == ["asof.py"]

"""What may be declared as an indicator, and what is refused with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from earlywarn.errors import DeclarationError
from earlywarn.features import load_indicators
from earlywarn.features.functions import FUNCTIONS, sign_of
from earlywarn.features.plan import catalog_of, plan_measures
from earlywarn.tables import load_contract
from tests.builders.network import tiny_contract, tiny_indicators

PLAIN = """
[[indicator]]
name = "absent"
family = "attendance"
table = "absences"
value = "days"
functions = ["sum"]
windows = ["30d"]
direction = "up"
[indicator.text]
fr = "{value} jours"
en = "{value} days"
"""


def load(tmp_path: Path, text: str) -> object:
    """Load indicators of the tiny network from text."""
    path = tmp_path / "indicators.toml"
    path.write_text(text, encoding="utf-8")
    return load_indicators(path, tiny_contract())


def test_a_plain_indicator_is_read(tmp_path: Path) -> None:
    """The example of the grammar is accepted."""
    assert load(tmp_path, PLAIN)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('table = "absences"', 'table = "absense"', 5, "no table 'absense'"),
        ('value = "days"', 'value = "day"', 6, "`day`"),
        ('value = "days"', 'value = "days"\nwhere = "now() > happened_on"', 7, "grammar"),
        ('functions = ["sum"]', 'functions = ["total"]', 7, "sum"),
        ('value = "days"\n', "", 6, "sum needs a value"),
        ('windows = ["30d"]', 'windows = ["month"]', 8, "no window 'month'"),
        ('windows = ["30d"]', 'windows = ["all"]\ncompare_with = ["own_past"]', 8, "no stretch of equal"),
        ('direction = "up"', 'direction = "up"\ncolour = "red"', 10, "unknown key 'colour'"),
        ('functions = ["sum"]', "functions = []", 7, "needs a function"),
        ('name = "absent"', 'name = "Absent days"', 3, "not a name"),
        ('en = "{value} days"', "", 10, "en"),
        (
            'functions = ["sum"]\nwindows = ["30d"]',
            'functions = ["trend"]\nwindows = ["all"]',
            8,
            "first day",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    """Each mistake gives a problem at the line where it stands."""
    assert old in PLAIN
    with pytest.raises(DeclarationError) as refused:
        load(tmp_path, PLAIN.replace(old, new))

    assert [problem.line for problem in refused.value.problems] == [line]
    assert re.search(re.escape(message), str(refused.value))


@pytest.mark.parametrize(
    "changes",
    [
        {"where": "sex = 'F'", "functions": '["count"]'},
        {"value": "sex", "functions": '["one_of"]', "direction": "none"},
    ],
)
def test_a_sensitive_column_can_be_in_no_indicator(tmp_path: Path, changes: dict[str, str]) -> None:
    """Neither a filter nor a value may read what only audits may know."""
    where = f'where = "{changes["where"]}"' if "where" in changes else ""
    value = f'value = "{changes["value"]}"' if "value" in changes else ""
    text = f"""
[[indicator]]
name = "x"
family = "f"
table = "students"
{where}{value}
functions = {changes["functions"]}
windows = ["all"]
direction = "{changes.get("direction", "up")}"
text = {{ fr = "f", en = "e" }}
"""
    with pytest.raises(DeclarationError, match="'sex' is sensitive"):
        load(tmp_path, text)


def test_two_indicators_of_one_name_are_refused(tmp_path: Path) -> None:
    """Names stand for features, so that each is used once."""
    with pytest.raises(DeclarationError, match="two indicators are named 'absent'"):
        load(tmp_path, PLAIN + PLAIN)


def test_features_follow_the_declared_order() -> None:
    """The catalog is the period's day, then indicator by indicator, function, window and comparison."""
    contract = tiny_contract()
    names = catalog_of(contract, plan_measures(contract, tiny_indicators(), ["attendance"])).names

    assert names[:7] == (
        "period_day",
        "absent__sum__30d",
        "absent__sum__30d__own_past",
        "absent__sum__30d__peers",
        "absent__sum__period",
        "absent__sum__period__own_past",
        "absent__sum__period__peers",
    )


def test_templates_and_codes_are_said_in_words() -> None:
    """A declared label takes the place of a column or a code, in the language that has one."""
    contract = tiny_contract()
    catalog = catalog_of(contract, plan_measures(contract, tiny_indicators(), None))

    assert catalog["clicks_forum__sum__all"].text["fr"] == "{value} clics : forum"
    assert catalog["grade__one_of__all__sec1"].text == {"fr": "niveau 1re secondaire", "en": "grade sec1"}


def test_an_unknown_family_is_refused() -> None:
    """A model that allows a family nobody declared is told which there are."""
    with pytest.raises(DeclarationError, match="attendence"):
        plan_measures(tiny_contract(), tiny_indicators(), ["attendence"])


def test_signs_of_events_survive_one_more_fact() -> None:
    """Only what one more event can move in one direction has a sign; days since turn it around."""
    signs = {name: sign_of(name, "up", "zero", own_past=False) for name in FUNCTIONS}

    assert signs == {
        "sum": 1,
        "count": 1,
        "mean": 0,
        "min": 0,
        "max": 1,
        "last": 0,
        "trend": 0,
        "days_since": -1,
        "share": 1,
        "rank": 0,
        "one_of": 0,
    }


def test_signs_turn_with_the_direction_and_vanish_against_the_own_past() -> None:
    """Down turns every sign; a difference with the own past has none, and so has no direction."""
    assert sign_of("last", "down", "unknown", own_past=False) == -1
    assert sign_of("days_since", "down", "zero", own_past=False) == 1
    assert sign_of("sum", "up", "zero", own_past=True) == 0
    assert sign_of("sum", "none", "zero", own_past=False) == 0


@pytest.mark.parametrize("network", ["quebec", "oulad"])
def test_declared_networks_are_in_order(project: Path, network: str) -> None:
    """Every indicator of the repository has texts in both languages and reads no sensitive column."""
    folder = project / "models" / network
    contract = load_contract(folder / "contract.toml")
    indicators = load_indicators(folder / "indicators.toml", contract)
    catalog = catalog_of(contract, plan_measures(contract, indicators, None))

    assert len(catalog) > 50
    assert all(entry.text["fr"] and entry.text["en"] for entry in catalog)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", entry.name) for entry in catalog)

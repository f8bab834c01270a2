"""A contract that does not hold together is refused, every problem with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from earlywarn.errors import DeclarationError
from earlywarn.tables import Contract, load_contract, load_extracts
from tests.builders.intake import CONTRACT, EXTRACTS
from tests.unit.tables import test_resolution as courses


def _problems(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    path = tmp_path / "contract.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as refusal:
        load_contract(path)
    return [(problem.line, problem.message) for problem in refusal.value.problems]


def _line(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('known_on = "recorded_on"', 'known_on = "noted_on"', "there is no column 'noted_on'"),
        ('known_on = "recorded_on"', 'known_on = "category"', "'category' is not a date"),
        ('key = ["student_id", "happened_on"]', 'key = ["student"]', "there is no column 'student'"),
        ('school = "school_id"', 'school = "site"', "table 'enrollments' has no column 'site'"),
        ('student = "student_id"', 'student = "pupil"', "student must be one of the unit's columns"),
        ('membership = "enrollments"', 'membership = "stays"', "there is no table 'stays'"),
        ('default = "happened_on"', 'default = "sometime"', "there is no column 'sometime'"),
        ('note = { type = "text" }', 'note = { type = "txt" }', "type: Input should be"),
        ('note = { type = "text" }', 'note = { type = "text", size = 3 }', "unknown key 'size'"),
        ('note = { type = "text" }', 'note = { type = "text", min = 3 }', "of type text has no min or max"),
        ('note = { type = "text" }', 'note = { type = "id", lookup = "x.y" }', "there is no column 'x.y'"),
        ('note = { type = "text" }', 'note = { type = "day_offset" }', "a day_offset needs an origin"),
        ('note = { type = "text" }', 'note = { type = "text", stage = "one" }', "there is no stage 'one'"),
        (
            'note = { type = "text" }',
            'note = { type = "integer", derive = "days + today()" }',
            "which the grammar does not know",
        ),
        (
            'note = { type = "text" }',
            'note = { type = "id", lookup = "enrollments.school_id" }',
            "'starts_on' is missing",
        ),
    ],
)
def test_problem_is_named_at_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Each mistake is one problem, at the line where it stands."""
    text = CONTRACT.replace(old, new)

    found = _problems(tmp_path, text)

    assert [line for line, words in found if message in words] == [_line(text, new)]


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    """A person mends a file once, not line by line."""
    text = CONTRACT.replace('known_on = "recorded_on"', 'known_on = "x"').replace(
        'school = "school_id"', 'school = "y"'
    )

    assert len(_problems(tmp_path, text)) == 2


def test_sensitive_column_cannot_place_or_compare_a_unit(tmp_path: Path) -> None:
    """A sensitive column never shapes a list, and taints what is derived from it."""
    text = CONTRACT.replace(
        'school_id = { type = "id", required = true }',
        'school_id = { type = "id", required = true, sensitive = true }',
    )

    assert any("'school_id' is sensitive" in message for _, message in _problems(tmp_path, text))


def test_columns_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    """A due date looked up by a key that holds the due date can never be found."""
    text = courses.CONTRACT.replace('key = ["work_id"]', 'key = ["work_id", "due_on"]')

    assert "'due_on' needs itself to be resolved" in [message for _, message in _problems(tmp_path, text)]


def test_derived_from_a_sensitive_column_is_sensitive(tmp_path: Path) -> None:
    """What is computed from a sensitive column cannot slip into a model."""
    text = CONTRACT.replace("decimals = 2 }", "decimals = 2, sensitive = true }")
    text = text.replace('note = { type = "text" }', 'note = { type = "number", derive = "1-days" }')

    assert any("'days' is sensitive" in message for _, message in _problems(tmp_path, text))


def test_who_is_ranked_and_which_line_a_period_stands_in_are_columns(tmp_path: Path) -> None:
    """A group that no column names, and a line of periods that no column tells, are found."""
    text = CONTRACT.replace('school = "school_id"', 'school = "school_id"\nranked_among = ["cohort"]')
    text = text.replace(
        'starts = "07-01"',
        'table = "years"\nkey = "year"\nstarts_on = "starts_on"\nends_on = "ends_on"\nwithin = "study"',
    ) + (
        '[tables.years]\ngrain = "one row per year"\nkey = ["year"]\nknown_on = "always"\n'
        '[tables.years.columns]\nyear = { type = "id" }\n'
        'starts_on = { type = "date" }\nends_on = { type = "date" }\n'
    )

    found = [message for _, message in _problems(tmp_path, text)]

    assert found == [
        "table 'enrollments' has no column 'cohort'",
        "table 'years' has no column 'study'",
    ]


def _extract_problems(tmp_path: Path, text: str) -> list[str]:
    contract, extracts = tmp_path / "contract.toml", tmp_path / "extracts.toml"
    contract.write_text(CONTRACT, encoding="utf-8")
    extracts.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as refusal:
        load_extracts(extracts, load_contract(contract))
    return [f"{problem.line}: {problem.message}" for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('table = "absences"', 'table = "lates"', "the contract has no table 'lates'"),
        ('note = "Note"', 'memo = "Note"', "the contract's table has no column 'memo'"),
        ('happened_on = "Day"\n', "", "no file column gives 'happened_on'"),
        ('separator = ";"', 'seperator = ";"', "unknown key 'seperator'"),
        ('file = "stays.csv"', 'file = "stays.csv"\nencoding = "cp9999"', "there is no such encoding"),
        ('note = "Note"', 'note = { from = "Note", constant = 1 }', "give either the file's column"),
        ('M = "excused"', 'M = "ill"', "code for 'ill', which the contract does not allow"),
        ('note = "Note"', 'note = { from = "Note", prefix = "a-" }', "'note' is not an id and has no prefix"),
        (
            'school_id = "School"',
            'school_id = { from = "School", prefix = "a-", codes = { 1 = "2" } }',
            "a prefix stands before a code as it is given",
        ),
        ('school_id = "School"', 'school_id = { from = "School", prefix = "a b" }', "should match pattern"),
    ],
)
def test_mapping_problem_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    """A mapping that does not fit the contract is refused before any file is read."""
    text = EXTRACTS.replace(old, new)

    assert any(message in problem for problem in _extract_problems(tmp_path, text))


def _courses(tmp_path: Path) -> Contract:
    path = tmp_path / "contract.toml"
    path.write_text(courses.CONTRACT, encoding="utf-8")
    return load_contract(path)


def test_expected_table_shows_what_it_joins(tmp_path: Path) -> None:
    """Its columns are those of both tables and the unit; its key is the unit and what was due."""
    contract = _courses(tmp_path)

    assert {"student_id", "term", "work_id", "weight", "handed_on", "mark"} <= set(contract.columns_of("due"))
    assert contract.key_of("due") == ("student_id", "term", "work_id")
    assert contract.reveals("due") == {"mark": '"marked_on"'}


def test_stages_follow_each_other_by_a_day(tmp_path: Path) -> None:
    """A stage's facts are known strictly before the day of the next."""
    text = CONTRACT.replace(
        'left_on = "left_on"\n[network', 'left_on = "left_on"\nstages = ["one", "two"]\n[network'
    )
    text = text.replace('note = { type = "text" }', 'note = { type = "text", stage = "two" }')
    path = tmp_path / "contract.toml"
    path.write_text(text, encoding="utf-8")
    contract = load_contract(path)

    assert (contract.stage_day("one"), contract.stage_day("two")) == (date(1900, 1, 2), date(1900, 1, 3))
    assert contract.reveals("absences") == {"note": "DATE '1900-01-03'"}


@pytest.mark.parametrize(
    ("level", "scope", "message"),
    [
        ("kind", "", "name that table in [network.scope]"),
        ("kind", 'schools = "enrollments"', "table 'enrollments' has no column 'kind'"),
    ],
)
def test_a_level_is_a_column_of_the_table_of_schools(
    tmp_path: Path, level: str, scope: str, message: str
) -> None:
    """Schools are compared within a level that their own table holds."""
    text = CONTRACT.replace('name = "tiny"', f'name = "tiny"\nlevel = "{level}"')
    text = text.replace("[network.periods]", f"[network.scope]\n{scope}\n[network.periods]")

    problems = _problems(tmp_path, text)

    assert [line for line, said in problems if message in said] == [_line(text, 'level = "kind"')]


def test_a_table_may_be_called_something(tmp_path: Path) -> None:
    """A table has words of its own in both languages, for reports and pages."""
    path = tmp_path / "contract.toml"
    text = CONTRACT.replace(
        "[tables.absences]", '[tables.absences]\nlabel = { fr = "absences", en = "absences" }'
    )
    path.write_text(text, encoding="utf-8")

    assert load_contract(path).tables["absences"].label["fr"] == "absences"

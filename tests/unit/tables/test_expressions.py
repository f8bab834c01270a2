"""Promises of the declared expression grammar."""

import duckdb
import pytest

from earlywarn.errors import DeclarationError
from earlywarn.tables.expressions import parse_expression

COLUMNS = {
    "category": "category",
    "days": "number",
    "step": "integer",
    "length": "integer",
    "due_on": "day_offset",
    "handed_on": "date",
    "is_final": "boolean",
    "name": "identity",
}
ROW = (
    "(SELECT 'unexcused' AS category, 0.5::DECIMAL(18,4) AS days, 10::BIGINT AS step, 268::BIGINT AS length,"
    " DATE '2024-03-01' AS due_on, DATE '2024-03-05' AS handed_on, TRUE AS is_final, NULL::VARCHAR AS empty)"
)


def value_of(text: str) -> object:
    """Evaluate an expression on one row."""
    columns = {**COLUMNS, "empty": "text"}
    with duckdb.connect() as connection:
        sql = f"SELECT {parse_expression(text, columns).sql} FROM {ROW}"
        return connection.execute(sql).fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("category = 'unexcused'", True),
        ("category in ('late', 'excused')", False),
        ("category not in ('late', 'excused')", True),
        ("category <> 'late' and not days > 1", True),
        ("empty is null", True),
        ("empty is not null or is_final", True),
        ("empty = 'x'", None),
        ("days between 0 and 1", True),
        ("handed_on - due_on", 4),
        ("handed_on > '2024-03-04'", True),
        ("due_on + 7 >= handed_on", True),
        ("ceil(step * (length + 25) / 100) - 25", 5),
        ("step / 0", None),
        ("least(step, 3) + greatest(step, 30)", 33),
        ("coalesce(empty, 'none') = 'none'", True),
        ("abs(due_on - handed_on)", 4),
        ("floor(-days)", -1),
        ("category = 'l''heure'", False),
        ("is_final = true", True),
    ],
)
def test_means_what_it_says(text: str, expected: object) -> None:
    """Every allowed construction gives the value that its reader expects."""
    assert value_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "days; drop table x",
        "now() > due_on",
        "current_date > due_on",
        "today() > due_on",
        "due_on < current_timestamp",
        "random() < 0.5",
        "days in (select 1)",
        "exists (select 1)",
        "(select max(days) from absences) > 1",
        "days > any (select 1)",
        "read_csv('x') is null",
        "category like 'a%'",
        "category || 'x' = 'y'",
        "cast(days as integer) = 1",
        "days::integer = 1",
        "case when is_final then 1 else 0 end",
        "sum(days)",
        "sum(days) over ()",
        "absences.days = 1",
        "unknown = 1",
        "name = 'x'",
        "days = 'x'",
        "days and is_final",
        "category + 1",
        "days = null",
        "days is true",
        "due_on > 'tomorrow'",
        "days in (step)",
        "1e300 > days",
        "days[1]",
        "select 1",
        "?",
        "$1",
        "days => 1",
        "getenv('HOME') = 'x'",
        "round(days, step)",
        "x'41' = category",
        "interval 1 day",
        "*",
    ],
)
def test_refuses_everything_else(text: str) -> None:
    """What the grammar does not list never reaches the engine."""
    with pytest.raises(DeclarationError):
        parse_expression(text, COLUMNS)


def test_refusal_names_what_is_wrong() -> None:
    """The error says which part the grammar does not know and what it does know."""
    with pytest.raises(DeclarationError, match="grammar does not know"):
        parse_expression("now() > due_on", COLUMNS, where="models/x/contract.toml")


def test_filter_must_be_a_condition_and_value_a_number() -> None:
    """A `where` that is a number and a `value` that is a condition are refused."""
    with pytest.raises(DeclarationError, match="true or false"):
        parse_expression("days + 1", COLUMNS, kind="boolean")
    with pytest.raises(DeclarationError, match="number"):
        parse_expression("days > 1", COLUMNS, kind="number")


def test_tells_which_columns_it_reads_and_whether_it_is_exact() -> None:
    """The caller learns the columns read, and that a division is not exact."""
    expression = parse_expression("days / step", COLUMNS)

    assert (expression.columns, expression.exact) == (frozenset({"days", "step"}), False)


def test_deep_nesting_is_refused_not_crashed() -> None:
    """A thousand parentheses end in a sentence, not in a stack trace."""
    with pytest.raises(DeclarationError):
        parse_expression("(" * 990 + "days" + ")" * 990, COLUMNS)

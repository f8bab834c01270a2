"""What a table takes from systems follows from the contract alone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables import Contract, check_pushed_header, push_extracts, pushable_tables, row_schema
from tests.builders.intake import CONTRACT
from tests.builders.network import tiny_contract

ABSENCES = Contract.model_validate(tomllib.loads(CONTRACT)).tables["absences"]
HEADER = "student_id,happened_on,recorded_on,category,days,n_periods,is_late,note"


def test_tables_that_files_give_take_rows() -> None:
    """Tables that the contract writes or derives take none, nor do those whose rows have only a number."""
    text = CONTRACT.replace('key = ["student_id", "happened_on"]', 'key = ["{row_number}"]')

    assert "due" not in pushable_tables(tiny_contract())
    assert list(pushable_tables(Contract.model_validate(tomllib.loads(text)))) == ["enrollments"]


def test_a_row_names_what_files_give() -> None:
    """Looked up and derived columns are computed here, and nobody sends them."""
    schema = row_schema(tiny_contract().tables["handed"])

    assert schema["required"] == ["student_id", "school_id", "task", "handed_on"]
    assert schema["additionalProperties"] is False


def test_a_schema_says_what_each_column_may_be() -> None:
    """Types, allowed values and what may be null stand in the schema, limits in words."""
    assert row_schema(ABSENCES)["properties"] == {
        "student_id": {"type": "string", "minLength": 1},
        "happened_on": {"type": "string", "format": "date", "minLength": 1},
        "recorded_on": {
            "type": ["string", "null"],
            "format": "date",
            "description": "happened_on where null",
        },
        "category": {"type": ["string", "null"], "enum": ["excused", "unexcused", None]},
        "days": {
            "type": ["number", "string", "null"],
            "description": "At most 2 decimals, kept exactly. At least 0. At most 1",
        },
        "n_periods": {"type": ["integer", "string", "null"], "description": "At most 9"},
        "is_late": {"type": ["boolean", "null"]},
        "note": {"type": ["string", "null"]},
    }


def test_the_mapping_is_the_contract_s_own() -> None:
    """Each column is read from its own name, by one strict form."""
    contract = Contract.model_validate(tomllib.loads(CONTRACT))
    (extract,) = push_extracts(contract, "absences", "ndjson").extract

    assert extract.needed == tuple(HEADER.split(","))
    assert extract.rule("days").decimal == "."
    assert extract.rule("happened_on").format == ("%Y-%m-%d",)
    assert extract.texts == ("student_id", "happened_on", "recorded_on", "category", "note")


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (HEADER, None),
        ("\ufeff" + ",".join(reversed(HEADER.split(","))) + "\r", None),
        (HEADER.replace("days", '"days"'), None),
        (HEADER.replace("days", "Days"), "no column days; 1 names that the table does not have"),
        (HEADER + ",days,days", "1 columns more than once"),
        (HEADER + ",", "1 names that the table does not have"),
        ("TREL01529907,2026-11-20", "no column student_id, happened_on"),
        (HEADER.replace(",", ";"), "no column student_id"),
        ("", "no column student_id"),
        ('"' + HEADER, "the first line cannot be read as a header"),
    ],
)
def test_a_header_is_the_columns_each_once(tmp_path: Path, header: str, what: str | None) -> None:
    """What is missing is named, and of what was sent instead nothing is repeated."""
    path = tmp_path / "body.csv"
    path.write_bytes(f"{header}\nx\n".encode())
    if what is None:
        check_pushed_header(path, ABSENCES)
        return
    with pytest.raises(ExtractError) as refused:
        check_pushed_header(path, ABSENCES)

    assert what in str(refused.value)
    assert "TREL" not in str(refused.value)

"""Typed values become the text that the mapping's own rules read back, or their line waits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading import TypedRows


def _rows(*header: str, **changes: object) -> TypedRows:
    declared = {"table": "t", "database": "GPI", "view": "v", "columns": {"a": "A"}, **changes}
    return TypedRows(header or ("A",), Extract.model_validate(declared), name="GPI:v", number=3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        (" 007 ", " 007 "),
        ("NA", "NA"),
        (123456789012345678, "123456789012345678"),
        (Decimal("72.50"), "72,50"),
        (Decimal("1E+3"), "1000"),
        (0.1, "0,1"),
        (901001.0, "901001"),
        (date(2025, 4, 3), "03/04/2025"),
        (datetime(2025, 4, 3), "03/04/2025"),  # noqa: DTZ001
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (True, "VRAI"),
        (False, "false"),
    ],
)
def test_value_is_written_exactly(value: object, text: str) -> None:
    """Every digit is kept; a number has the declared mark, a day the declared format, a yes its code."""
    rows = _rows(decimal=",", date_format="%d/%m/%Y", codes={"a": {"VRAI": True}})

    block = rows.block([[value]])

    assert block.cells.to_pylist() == [{"A": text, "_line": 1, "_file": 3}]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (datetime(2025, 4, 3, 8), "time_of_day"),  # noqa: DTZ001
        (datetime(2025, 4, 3, tzinfo=UTC), "time_of_day"),
        (float("nan"), "not_a_number"),
        (Decimal("Infinity"), "not_a_number"),
        ("a\0b", "nul"),
        ("ZoÃ©", "decoded_twice"),
    ],
)
def test_value_that_no_rule_reads_holds_its_row_back(value: object, reason: str) -> None:
    """A time of day is no day, and a day in an unsaid time zone is no day either; rows keep their numbers."""
    rows = _rows()

    first, second = rows.block([["x"], [value]]), rows.block([["y"]])

    assert (first.quarantined, first.n_read) == (((2, f"a:{reason}"),), 2)
    assert second.cells["_line"].to_pylist() == [3]


@pytest.mark.parametrize("value", [b"x", [1], {"a": 1}])
def test_value_without_text_is_refused_by_column_and_kind(value: object) -> None:
    """Bytes and structures are refused: the view can cast them; the value itself is not repeated."""
    with pytest.raises(ExtractError, match=r"column 'A' holds values of type (bytes|list|dict), not text"):
        _rows().block([[value]])


def test_columns_are_those_of_the_mapping() -> None:
    """A view with a column that nobody mentioned, or without one that is mapped, is refused."""
    with pytest.raises(ExtractError, match="GPI:v: the header has no column 'A'; unknown column 'B'"):
        _rows("B")


def test_digest_is_of_the_text_whatever_the_pieces() -> None:
    """The same rows give the same digest however many come at once, and another value another."""
    whole, pieces, other = _rows(), _rows(), _rows()

    whole.block([["x"], ["y"]])
    pieces.block([["x"]])
    pieces.block([["y"]])
    other.block([["x"], ["z"]])

    assert whole.digest == pieces.digest != other.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "a.csv"},
        {"view": None},
        {"database": None},
        {"view": "v; DROP TABLE x"},
        {"view": "a.b.c"},
        {"view": '"v"'},
        {"database": "postgresql://u:p@h/d"},
        {"optional": True},
    ],
)
def test_source_is_a_file_or_a_named_view(changes: dict[str, object]) -> None:
    """A mapping names one source; a view is a name, never SQL, and a database is a name, never an address."""
    with pytest.raises(ValueError):
        _rows(**changes)

"""Rows as a caller posts them, read in one pass that stops at the first thing wrong.

A schema library would go on to collect every error of every cell: a small hostile body would keep the process
busy for seconds. An error says where and what kind, never what was there.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Annotated, Any, NoReturn

import numpy as np
import numpy.typing as npt
import orjson
from pydantic import Field, PlainValidator, StringConstraints, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from earlywarn.errors import TableError
from earlywarn.scoring import PublishedModel, values_of

MOST_TABLES = 100
MOST_TABLE_ROWS = 200_000
MOST_COLUMNS = 500
MOST_FEATURE_ROWS = 5_000
MOST_FEATURES = 2_000
LONGEST_TEXT = 200
FEW_ROWS = 16
"""So many are scored while others wait; more are sent to a thread."""
_ROWS_ALONE = {"rows"}
NAME = r"^[A-Za-z0-9_.:~-]{1,80}$"
PLAIN_TEXT = r"^[^\x00-\x1f\x7f]*$"

# Control characters, NUL among them, mean a broken sender; PostgreSQL would refuse NUL later.
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=PLAIN_TEXT)]
Name = Annotated[str, StringConstraints(pattern=NAME)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
# Beyond 64 bits an integer fits no declared column, and not every reader of JSON.
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Cell = bool | Whole | Number | Text | None

MESSAGES = {
    "wrong_rows": "a list of rows is due here, neither empty where rows are due nor too long",
    "wrong_row": f"a row is an object of at most {MOST_COLUMNS} columns or {MOST_FEATURES} features",
    "wrong_tables": f"tables are an object of at most {MOST_TABLES} names, each with its rows",
    "wrong_name": "a name is too long, empty or holds other than letters, digits and _ . : ~ -",
    "wrong_cell": "a cell is text without control characters, a finite number, true, false or null",
    "wrong_number": "a feature is a finite number or null",
}
_Place = tuple[str | int, ...]
_NAME = re.compile(NAME[1:-1])
_PLAIN_TEXT = re.compile(PLAIN_TEXT[1:-1])


def good_rows(body: bytes, model: PublishedModel) -> npt.NDArray[np.float64] | None:
    """Return the values of a few feature rows that nothing is wrong with, and that stand alone in a body.

    None says nothing but that: another reader has to find out what is wrong, or what else is asked.
    """
    # Without an escape a name is written in one way, so that its colons can be counted.
    if b"\\" in body:
        return None
    try:
        posted = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if type(posted) is not dict or posted.keys() != _ROWS_ALONE:
        return None
    rows = posted["rows"]
    if type(rows) is not list or not 0 < len(rows) <= FEW_ROWS or any(type(row) is not dict for row in rows):
        return None
    try:
        values = values_of(model, rows)
    except TableError:
        return None
    # Of two values for a name the reader keeps the last; the other's colon is one too many.
    return values if body.count(b":") == 1 + len(rows) * _n_colons(model) else None


@lru_cache(maxsize=64)
def _n_colons(model: PublishedModel) -> int:
    """Return how many colons a row has as JSON: one after each feature's name, and those in the names."""
    return len(model.features) + sum(name.count(":") for name in model.features)


def _refuse(code: str, place: _Place) -> NoReturn:
    problem = InitErrorDetails(type=PydanticCustomError(code, MESSAGES[code]), loc=place, input=None)
    raise ValidationError.from_exception_data("posted rows", [problem])


def _feature_rows(value: object) -> list[dict[str, float | None]] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not 0 < len(value) <= MOST_FEATURE_ROWS:
        _refuse("wrong_rows", ())
    for position, row in enumerate(value):
        if not isinstance(row, dict) or len(row) > MOST_FEATURES:
            _refuse("wrong_row", (position,))
        for name, number in row.items():
            if len(name) > LONGEST_TEXT:
                _refuse("wrong_name", (position, "*"))
            if not (number is None or _is_number(number)):
                _refuse("wrong_number", (position, name))
    return value


def _tables(value: object) -> dict[str, list[dict[str, Any]]] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or len(value) > MOST_TABLES:
        _refuse("wrong_tables", ())
    for name, rows in value.items():
        if not _NAME.fullmatch(name):
            _refuse("wrong_name", ("*",))
        if not isinstance(rows, list) or len(rows) > MOST_TABLE_ROWS:
            _refuse("wrong_rows", (name,))
        known: set[str] = set()
        for position, row in enumerate(rows):
            _check_row(row, (name, position), known)
    return value


def _check_row(row: object, place: _Place, known: set[str]) -> None:
    """Refuse a row that can be of no table; `known` remembers its table's names already checked."""
    if not isinstance(row, dict) or len(row) > MOST_COLUMNS:
        _refuse("wrong_row", place)
    for column, cell in row.items():
        if column not in known:
            if not _NAME.fullmatch(column) or len(known) >= MOST_COLUMNS:
                _refuse("wrong_name", (*place, "*"))
            known.add(column)
        if not _is_cell(cell):
            _refuse("wrong_cell", (*place, column))


def _is_cell(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and _is_encodable(value) and bool(_PLAIN_TEXT.fullmatch(value))
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and math.isfinite(value)


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


_FeatureName = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
FeatureRows = Annotated[
    list[dict[str, float | None]] | None,
    PlainValidator(
        _feature_rows,
        json_schema_input_type=Annotated[
            list[Annotated[dict[_FeatureName, Number | None], Field(max_length=MOST_FEATURES)]],
            Field(min_length=1, max_length=MOST_FEATURE_ROWS),
        ]
        | None,
    ),
]
PostedTables = Annotated[
    dict[str, list[dict[str, Any]]] | None,
    PlainValidator(
        _tables,
        json_schema_input_type=Annotated[
            dict[
                Name,
                Annotated[
                    list[Annotated[dict[Name, Cell], Field(max_length=MOST_COLUMNS)]],
                    Field(max_length=MOST_TABLE_ROWS),
                ],
            ],
            Field(max_length=MOST_TABLES),
        ]
        | None,
    ),
]

"""A hostile body is refused at once, at the first thing wrong in it."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.posted_rows import good_rows
from api.schemas import ResolveRequest, ScoreRequest
from api.strict_body import _once_each
from earlywarn.scoring import values_of
from tests.builders.published import FEATURES, plain_model

DAY = "2024-11-20"
CELLS: tuple[object, ...] = ([], {}, "a\x00", "\ud800", "x" * 201, 2**63, float("nan"), "a\n")
WRONG: list[tuple[dict[str, Any], str, tuple[str | int, ...]]] = [
    ({"rows": [{"x": 1.0}, {"x": ""}]}, "wrong_number", ("rows", 1, "x")),
    ({"rows": [{"x": True}]}, "wrong_number", ("rows", 0, "x")),
    ({"rows": [[]]}, "wrong_row", ("rows", 0)),
    ({"rows": [{"x" * 201: 1}]}, "wrong_name", ("rows", 0, "*")),
    ({"rows": [{str(i): 1 for i in range(2001)}]}, "wrong_row", ("rows", 0)),
    ({"rows": []}, "wrong_rows", ("rows",)),
    ({"rows": {}}, "wrong_rows", ("rows",)),
    ({"tables": [], "as_of": DAY}, "wrong_tables", ("tables",)),
    ({"tables": {str(i): [] for i in range(101)}, "as_of": DAY}, "wrong_tables", ("tables",)),
    ({"tables": {"a b": []}, "as_of": DAY}, "wrong_name", ("tables", "*")),
    ({"tables": {"t": {}}, "as_of": DAY}, "wrong_rows", ("tables", "t")),
    ({"tables": {"t": [{"a": 1}, {"": 1}]}, "as_of": DAY}, "wrong_name", ("tables", "t", 1, "*")),
    ({"tables": {"t": [{"a\n": 1}]}, "as_of": DAY}, "wrong_name", ("tables", "t", 0, "*")),
    ({"tables": {"t": [{str(i): 1 for i in range(501)}]}, "as_of": DAY}, "wrong_row", ("tables", "t", 0)),
    (
        {"tables": {"t": [{str(i): 1} for i in range(501)]}, "as_of": DAY},
        "wrong_name",
        ("tables", "t", 500, "*"),
    ),
    *(
        ({"tables": {"t": [{"a": cell}]}, "as_of": DAY}, "wrong_cell", ("tables", "t", 0, "a"))
        for cell in CELLS
    ),
]


@pytest.mark.parametrize(("body", "code", "place"), WRONG)
def test_the_first_wrong_thing_is_named_by_its_place(
    body: dict[str, Any], code: str, place: tuple[str | int, ...]
) -> None:
    """One error comes back, with its kind and its place, whatever else is wrong."""
    with pytest.raises(ValidationError) as refused:
        ScoreRequest.model_validate(body)

    assert [(error["type"], error["loc"]) for error in refused.value.errors()] == [(code, place)]


def test_good_rows_arrive_as_posted() -> None:
    """Every kind of cell passes unchanged."""
    cells = {"a": "é", "b": 1, "c": 0.5, "d": True, "e": None, "f": -(2**63)}
    posted = {"tables": {"t": [cells], "u": []}, "as_of": DAY}

    assert ScoreRequest.model_validate(posted).tables == {"t": [cells], "u": []}
    assert ScoreRequest.model_validate({"rows": [{"x": 1, "y": None}]}).rows == [{"x": 1, "y": None}]


NAMES = st.sampled_from([*FEATURES, "x", "é", "a:b", "rows"])
NUMBERS = st.one_of(
    st.floats(), st.integers(-(2**70), 2**70), st.none(), st.booleans(), st.text(max_size=3), st.just([])
)
PAIRS = st.lists(st.tuples(NAMES, NUMBERS), max_size=3)


@given(
    rows=st.lists(
        st.tuples(st.permutations(FEATURES), st.lists(NUMBERS, min_size=8, max_size=8), PAIRS), max_size=3
    ),
    usual=st.booleans(),
    more=st.lists(st.sampled_from(['"rows":[]', '"as_of":"2024-11-20"', '"x":1']), max_size=1),
    is_ascii=st.booleans(),
)
def test_what_is_taken_at_once_is_what_the_strict_reader_takes(
    rows: list[tuple[list[str], list[object], list[tuple[str, object]]]],
    usual: bool,
    more: list[str],
    is_ascii: bool,
) -> None:
    """A body that is scored at once is one that the strict reader takes, and both read the same values."""
    told = []
    for names, numbers, others in rows:
        own = [float(n) for n in range(8)] if usual else numbers
        pairs = [*zip(names, own, strict=True), *([] if usual and len(others) < 3 else others)]
        cells = (f"{json.dumps(name, ensure_ascii=is_ascii)}:{json.dumps(cell)}" for name, cell in pairs)
        told.append("{" + ",".join(cells) + "}")
    body = "{" + ",".join([f'"rows":[{",".join(told)}]', *more]) + "}"

    values = good_rows(body.encode(), plain_model())
    event("taken at once" if values is not None else "left to the strict reader")

    if values is not None:
        posted = ScoreRequest.model_validate(json.loads(body, object_pairs_hook=_once_each))
        assert np.array_equal(values, values_of(plain_model(), posted.rows or []), equal_nan=True)
    elif usual and rows and not more and all(len(others) < 3 for _, _, others in rows):
        pytest.fail("good rows were not taken at once")


HOSTILE: list[tuple[type[ScoreRequest | ResolveRequest], str]] = [
    (ScoreRequest, '{"as_of":"2024-11-20","tables":{"t":[' + ",".join(['{"a":[]}'] * 100_000) + "]}}"),
    (ScoreRequest, '{"rows":[{' + ",".join(f'"{i}":""' for i in range(80_000)) + "}]}"),
    (ScoreRequest, "{" + ",".join(f'"{i}":1' for i in range(90_000)) + "}"),
    (
        ScoreRequest,
        '{"as_of":"2024-11-20","tables":{' + ",".join(f'"t{i}":{{}}' for i in range(80_000)) + "}}",
    ),
    (ResolveRequest, '{"codes":[' + ",".join(["[]"] * 300_000) + "]}"),
]


@pytest.mark.parametrize(("asked", "text"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_costs_little(asked: type[ScoreRequest | ResolveRequest], text: str) -> None:
    """A body below the limit, wrong everywhere, is refused in less than half a second, with few errors."""
    body = json.loads(text)
    start = time.process_time()

    with pytest.raises(ValidationError) as refused:
        asked.model_validate(body)

    assert (len(text) < 1024 * 1024, refused.value.error_count() <= 2) == (True, True)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("day", ["1899-12-31", "0001-01-01", "10000-01-01", "2024-1-1", "infinity"])
def test_a_day_that_no_school_had_is_refused(day: str) -> None:
    """Days are written in full, and none lies before 1900."""
    with pytest.raises(ValidationError):
        ScoreRequest.model_validate({"rows": [{"x": 1}], "as_of": day})

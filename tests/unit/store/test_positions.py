"""A cursor says where a page starts, and nothing else is taken for one."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earlywarn.errors import NotFoundError
from earlywarn.store.risks import Position


@given(st.integers(0, 2**40), st.text(), st.text(), st.integers(1, 10**6), st.text())
def test_a_cursor_reads_back_as_written(run_id: int, school: str, grade: str, rank: int, unit: str) -> None:
    """Writing and reading a position changes nothing, whatever the words in it."""
    position = Position(run_id, school, grade, rank, unit)

    assert Position.read(position.write()) == position


@given(st.text())
def test_any_other_word_is_not_found(cursor: str) -> None:
    """No text from outside raises anything but our refusal."""
    with suppress(NotFoundError):
        Position.read(cursor)


def test_a_cursor_with_too_few_parts_is_not_found() -> None:
    """A list of the wrong length is refused."""
    with pytest.raises(NotFoundError):
        Position.read("WzEsMl0")

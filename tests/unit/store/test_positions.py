"""A cursor says where a page starts, and nothing else is taken for one."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earlywarn.errors import NotFoundError
from earlywarn.store.risks import Position

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
FORGED = (
    '[Infinity, "s", "g", 1, "u"]', '[1e999, "s", "g", 1, "u"]', '[NaN, "s", "g", 1, "u"]',
    '[1, "s", "g", 1e999, "u"]', '["1", "s", "g", 1, "u"]', '[true, "s", "g", 1, "u"]',
    '[1.0, "s", "g", 1, "u"]', '[-1, "s", "g", 1, "u"]', f'[{2**63}, "s", "g", 1, "u"]',
    f'[1, "s", "g", {2**31}, "u"]', '[1, "\\ud800", "g", 1, "u"]', '[1, "s", "g\\u0000", 1, "u"]',
    '[1, "s", "g", 1, null]', '[1, 2, "g", 1, "u"]', "[" * 100_000, '{"a": 1}', "null", '"abcde"',
)  # fmt: skip


@pytest.mark.parametrize("said", FORGED, ids=range(len(FORGED)))
def test_a_forged_position_is_not_found(said: str) -> None:
    """Numbers that no column holds and words that no database takes are refused before it is asked."""
    with pytest.raises(NotFoundError):
        Position.read(base64.urlsafe_b64encode(said.encode()).decode().rstrip("="))


@given(st.integers(0, 2**40), WORDS, WORDS, st.integers(1, 10**6), WORDS)
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

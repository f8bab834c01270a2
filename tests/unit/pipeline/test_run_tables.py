"""The tables of a run say what the rows say, in JSON that anybody reads."""

from __future__ import annotations

import json

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earlywarn.pipeline.run_tables import json_lists

KEYS = st.lists(st.tuples(st.text(), st.text()), max_size=5)


@settings(deadline=None)
@given(KEYS)
@example([("plain", "too")])
@example([('a "quoted" key', "a\\b"), ("two\nlines", "\x00\x1f\x7f")])
def test_keys_are_json_whatever_they_hold(keys: list[tuple[str, str]]) -> None:
    """Quotes, backslashes and control characters in a key come back as they were."""
    columns = [pa.array([key[place] for key in keys], pa.string()) for place in range(2)]

    found = json_lists(columns).to_pylist()

    assert [tuple(json.loads(str(text))) for text in found] == keys

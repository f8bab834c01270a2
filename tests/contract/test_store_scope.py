"""Nobody reads the store without saying for whom."""

from __future__ import annotations

import inspect

import pytest

from earlywarn.store import AnswerKeeper, CallerDesk, QualityReader, ScoreReader
from earlywarn.store.opening import PROTECTED
from earlywarn.store.schema import METADATA


@pytest.mark.parametrize("reader", [ScoreReader, QualityReader, AnswerKeeper])
def test_every_reading_takes_a_scope_first(reader: type) -> None:
    """The first argument of every public method of a reader is the scope."""
    methods = {name: found for name, found in vars(reader).items() if inspect.isfunction(found)}
    public = {name: list(inspect.signature(found).parameters) for name, found in methods.items()}

    assert {parameters[1] for name, parameters in public.items() if not name.startswith("_")} == {"scope"}


def test_a_caller_s_reading_takes_what_its_key_opened() -> None:
    """The desk asks for a key, or for the entry that a key gave, before anything else."""
    methods = {name: found for name, found in vars(CallerDesk).items() if inspect.isfunction(found)}
    firsts = {
        name: list(inspect.signature(found).parameters)[1]
        for name, found in methods.items()
        if not name.startswith("_")
    }

    assert firsts == {
        "enter": "key",
        "remembered": "key",
        "record": "entry",
        "student_risks": "entry",
    }


def test_every_table_with_a_student_is_protected() -> None:
    """A table that names students is one whose forced row-level security is checked at start."""
    showing = {
        table.name
        for table in METADATA.tables.values()
        if {"student_id", "students"} & set(table.columns.keys())
    }

    assert showing <= set(PROTECTED)

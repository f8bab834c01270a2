"""What staff answer to a flag, and what they do for a student, are never features of a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from earlywarn.declarations import ProblemsError
from earlywarn.evaluation import ACTED_ON, NOT_ACTED_ON, NOT_LISTED
from earlywarn.features import load_indicators
from earlywarn.features.indicators import indicator_problems
from earlywarn.modeling import with_answers
from earlywarn.tables import load_contract
from tests.builders.matrices import labeled_matrix
from tests.builders.network import CONTRACT, INDICATORS, tiny_contract, tiny_indicators
from tests.unit.modeling.test_training import trained_on

HELPING = CONTRACT.replace("[tables.marks]\n", "[tables.marks]\nholds_help = true\n")
ROOMS_OF_MODELS = ("features", "modeling", "evaluation", "scoring", "tables")


@pytest.mark.parametrize("network", ["oulad", "quebec", "star", "uci320", "uci697"])
def test_no_network_makes_a_feature_of_help(project: Path, network: str) -> None:
    """Every feature of every declared network comes from a table that holds no help."""
    folder = project / "models" / network
    contract = load_contract(folder / "contract.toml")
    indicators = load_indicators(folder / "indicators.toml", contract)
    helping = {name for name, table in contract.tables.items() if table.holds_help}

    assert {one.table for one in indicators.expanded(contract)} & helping == set()
    assert helping == ({"support_plans"} if network == "quebec" else set())


def test_an_indicator_of_help_is_refused() -> None:
    """The grammar names the table; without the mark the same indicators are read."""
    contract = tiny_contract(HELPING)

    problems = indicator_problems(tiny_indicators(), contract)

    assert {(location[0], message) for location, message in problems} == {
        ("indicator", "'marks' holds what staff do for a student: help is never a feature")
    }
    assert indicator_problems(tiny_indicators(), tiny_contract()) == []
    assert INDICATORS.count('table = "marks"') == 1


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("days", ("tables", "absences", "exposure")),
        ("tasks", ("tables", "handed", "columns", "due_on", "lookup")),
        ("tasks", ("tables", "due", "expected", "each")),
        ("handed", ("tables", "due", "expected", "match")),
        ("stays", ("network", "membership")),
    ],
)
def test_no_other_table_shows_help(table: str, where: tuple[str, ...]) -> None:
    """A lookup, an exposure, an expectation or the membership is no way round."""
    text = CONTRACT.replace(f"[tables.{table}]\n", f"[tables.{table}]\nholds_help = true\n")

    with pytest.raises(ValidationError) as refused:
        tiny_contract(text)

    cause = refused.value.errors()[0]["ctx"]["error"]
    assert isinstance(cause, ProblemsError)
    assert (where, f"table '{table}' holds what staff do for a student, which is never a feature") in [
        (tuple(location), message) for location, message in cause.problems
    ]


def test_answers_change_no_byte_of_a_model() -> None:
    """The same rows with any answers beside them give the same model; only the sheet differs."""
    matrix = labeled_matrix(n_students=120)
    words = np.random.default_rng(3).choice([ACTED_ON, NOT_ACTED_ON, NOT_LISTED], len(matrix))

    only: Any = {"candidates": {"names": ["rules", "lightgbm"]}}

    without, told = (trained_on(rows, **only) for rows in (matrix, with_answers(matrix, words)))

    assert told.model == without.model
    assert told.calibrator == without.calibrator
    assert told.encoded.catalog.names == without.encoded.catalog.names
    assert without.sheet.backtests[0].acted_on == ()
    assert [one.word for one in told.sheet.backtests[0].acted_on] == [ACTED_ON, NOT_ACTED_ON, NOT_LISTED]


@pytest.mark.parametrize("room", ROOMS_OF_MODELS)
def test_no_room_of_models_knows_the_store(project: Path, room: str) -> None:
    """Answers lie in the service database; the rooms that make features and models never import it."""
    named = [
        path.name
        for path in (project / "src" / "earlywarn" / room).rglob("*.py")
        if re.search(r"earlywarn\.store|sqlalchemy", path.read_text(encoding="utf-8"))
    ]

    assert named == []

"""A leak planted through the real intake stops the real training before anything is registered."""

from __future__ import annotations

from pathlib import Path

import pytest

from earlywarn.errors import LeakError
from earlywarn.evaluation import DETECTORS
from earlywarn.features import asof
from earlywarn.modeling.leaks import columns, sampling
from tests.builders.leaky import Leaky, deaf, seeing_the_future, training_on_the_test


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Leaky:
    """Take the small network in, once."""
    return Leaky(tmp_path_factory.mktemp("leaky")).take_in()


def stopped(leaky: Leaky, *families: str) -> dict[str, str]:
    """Train, and return each detector's verdict by its title; nothing may be registered."""
    with pytest.raises(LeakError) as refused:
        leaky.train(*families)
    assert not (leaky.workspace.mlflow / "mlflow.db").exists()
    lines = [line.split(": ", 1) for line in refused.value.findings]
    assert len(lines) == len(DETECTORS)
    return {title: words.split(".")[0] for title, words in lines}


def caught(verdicts: dict[str, str]) -> set[str]:
    """Return the detectors that stopped."""
    return {title for title, verdict in verdicts.items() if verdict == "stopped"}


def test_a_table_that_forgets_when_it_was_known(leaky: Leaky) -> None:
    """Files opened after an incident, said to be known in September, rank it nearly perfectly."""
    assert caught(stopped(leaky, "files")) == {"single column"}


def test_a_column_filled_in_afterwards_for_the_past_only(leaky: Leaky) -> None:
    """The running year has none of it, so that the held-out year alone would not show it."""
    assert caught(stopped(leaky, "closings")) == {"single column"}


def test_a_number_given_school_by_school(leaky: Leaky) -> None:
    """It tells nothing of the outcome here, and is stopped for what it is."""
    assert caught(stopped(leaky, "numbers")) == {"identifier in school order"}


def test_the_same_person_under_two_numbers(tmp_path: Path) -> None:
    """Random students learn a twin by heart, which the next year does not repeat."""
    twins = Leaky(tmp_path, n_students=480, twins=True).take_in()

    assert caught(stopped(twins)) == {"random against time"}


def test_an_engine_that_sees_the_future(leaky: Leaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `visible_from < as_of`, cut tables give other features."""
    monkeypatch.setattr(asof, "row_is_known", seeing_the_future)

    assert "as-of replay" in caught(stopped(leaky))


def test_tested_rows_that_also_train(leaky: Leaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that has seen the rows knows even labels that mean nothing."""
    monkeypatch.setattr(sampling, "time_split", training_on_the_test)

    assert "label shuffle" in caught(stopped(leaky))


def test_an_alarm_that_no_longer_works(leaky: Leaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted column is not caught, so that no figure of the alarm is believed."""
    monkeypatch.setattr(columns, "aucs_alone", deaf)

    assert caught(stopped(leaky)) == {"planted future column"}

"""A network without dates is looked at on stages, and a stage sees no column of a later one."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from earlywarn.errors import AsOfError, DeclarationError
from earlywarn.features import (
    AsOfSpec,
    EqualsOutcome,
    EventOutcome,
    Matrix,
    check_outcome,
    encode,
    encoded_catalog,
    fit_encoding,
    moments_of,
    moments_on,
)
from tests.builders.network import memory_tables
from tests.builders.stages import FAILING, TODAY, pupil, staged_contract, staged_matrix


def _column(matrix: Matrix, name: str) -> list[float]:
    return [float(value) for value in matrix.features[name].to_numpy()]


def test_a_column_is_known_from_its_stage_on() -> None:
    """The mark and what derives from it are missing at the start and there in the middle."""
    found = staged_matrix(pupil("a", mark=11, motivation=3))

    assert found.rows["moment"].to_pylist() == ["start", "middle"]
    assert _column(found, "motivation__last__all") == [3, 3]
    assert _column(found, "mark__last__all") == pytest.approx([np.nan, 11], nan_ok=True)
    assert _column(found, "gain__last__all") == pytest.approx([np.nan, 8], nan_ok=True)


def test_an_expression_reads_what_the_stage_knows() -> None:
    """The latest number is the motivation at the start, and the mark after it."""
    assert _column(staged_matrix(pupil("a", mark=11, motivation=3)), "latest__last__all") == [3, 11]


def test_what_later_stages_say_changes_no_earlier_feature() -> None:
    """Whatever the mark and the end are, the start looks the same; and the end never shows."""
    one = staged_matrix(pupil("a", mark=2, final=3, passed=False))
    other = staged_matrix(pupil("a", mark=19, final=18, passed=True))
    none = staged_matrix(pupil("a", mark=None, final=None))

    starts = [found.features.slice(0, 1) for found in (one, other, none)]
    columns = [dict(zip(start.column_names, map(str, start.columns), strict=True)) for start in starts]
    assert columns[0] == columns[1] == columns[2]
    assert not [name for name in one.features.column_names if "final" in name or "passed" in name]


def test_the_stage_is_counted_from_one() -> None:
    """Without dates the period's day is the place of the stage, and says so."""
    found = staged_matrix(pupil("a"))

    assert _column(found, "period_day") == [1, 2]
    assert found.catalog["period_day"].text == {
        "fr": "étape {value} du parcours",
        "en": "stage {value} of the way",
    }


def test_labels_are_told_by_the_last_stage() -> None:
    """Under 10 at the end is a failure; no final mark is not yet known."""
    found = staged_matrix(
        pupil("a", final=9), pupil("b", final=10), pupil("c", final=None), stages=("middle",), outcome=FAILING
    )

    assert found.labels is not None
    assert found.labels["label"].to_pylist() == [True, False, None]
    assert set(found.labels["label_known_on"].to_pylist()) == {date(1900, 1, 5)}


def test_a_correction_is_seen_at_every_stage() -> None:
    """It cannot be placed among stages, so the row counts as it now stands."""
    corrected = {"_superseding": True, "_batch": 2, "_received_on": date(2030, 2, 1)}

    found = staged_matrix(pupil("a", motivation=3), {**pupil("a", motivation=5), **corrected})

    assert _column(found, "motivation__last__all") == [5, 5]


def test_levels_of_codes_are_called_by_their_labels() -> None:
    """A fitted level takes the column's words in each language, and the rest is `other`."""
    found = staged_matrix(pupil("a"), pupil("b"), pupil("c", path="7"))
    encoding = fit_encoding(found.codes, 3)

    catalog = encoded_catalog(found, encoding)

    assert encode(found, encoding)[0] == catalog.names
    assert catalog["path__one_of__all__1"].text == {"fr": "voie : courte", "en": "path: short"}
    assert catalog["path__one_of__all__other"].text == {"fr": "voie : autre", "en": "path: other"}


def test_scoring_asks_for_the_stage() -> None:
    """A day says nothing here; an unknown stage is refused."""
    contract, tables = staged_contract(), memory_tables({}, staged_contract())

    assert [one.name for one in moments_on(contract, tables, TODAY, stage="middle")] == ["middle"]
    with pytest.raises(AsOfError, match="--stage, one of start, middle, end"):
        moments_on(contract, tables, TODAY)
    with pytest.raises(AsOfError, match="no stage 'noon'"):
        moments_on(contract, tables, TODAY, stage="noon")


def test_a_spec_of_days_is_refused() -> None:
    """There are no days to look on."""
    contract, tables = staged_contract(), memory_tables({}, staged_contract())

    with pytest.raises(AsOfError, match="stages and no dates"):
        moments_of(contract, AsOfSpec(dates=("10-15",)), tables, before=TODAY)


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (EventOutcome(form="event", table="pupils", fr="x", en="x"), "use equals, below or quantile"),
        (FAILING.model_copy(update={"at": ("period", "next_period")}), r'at = \["period"\]'),
        (FAILING.model_copy(update={"value": "mark"}), "known at stage 'middle' already"),
        (
            EqualsOutcome(form="equals", table="pupils", column="path", values=("1",), fr="x", en="x"),
            "known at stage 'start' already",
        ),
    ],
)
def test_an_outcome_waits_for_a_later_stage(outcome: EqualsOutcome, message: str) -> None:
    """What needs days, and what a stage that is looked at could already tell, is refused."""
    with pytest.raises(DeclarationError, match=message):
        check_outcome(outcome, staged_contract(), ("start", "middle"))


def test_a_matrix_refuses_an_outcome_that_its_stages_know() -> None:
    """Training checks it too, not only `check`."""
    with pytest.raises(DeclarationError, match="known at stage 'end' already"):
        staged_matrix(pupil("a"), stages=("start", "end"), outcome=FAILING)

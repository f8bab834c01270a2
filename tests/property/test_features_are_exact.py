"""Features are the same to the last bit: in any order of rows, on any threads, in batch and on demand."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from random import Random

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earlywarn.features import (
    CohortSpec,
    Matrix,
    Moment,
    Wanted,
    build_matrices,
    build_matrix,
    encode,
    fit_encoding,
)
from earlywarn.features.cohort import Without
from earlywarn.tables import Tables, tables_from_rows
from tests.builders.histories import AS_OF, SOURCES, Fact, Row, facts, of_delivery, opening, references
from tests.builders.network import memory_tables, tiny_contract, tiny_indicators

N_HISTORIES = 15 * int(os.environ.get("EARLYWARN_CASES", "1"))
MOMENTS = [Moment("2024-2025", f"{day:%m-%d}", day) for day in AS_OF]
SETTINGS = settings(max_examples=N_HISTORIES, deadline=None, suppress_health_check=list(HealthCheck))


WITHOUT = Without(table="marks", where="mark < 40", fr="note basse", en="low mark")
WANTED = (
    Wanted(CohortSpec(where="school_id = 'north'", without=WITHOUT), ["attendance", "marks", "context"]),
    Wanted(CohortSpec(where="school_id = 'south'"), ["work", "attendance"]),
    Wanted(CohortSpec(where="grade = 'sec1'")),
)


def rows_of(history: Sequence[Fact]) -> dict[str, list[Row]]:
    """Return a history's rows as one delivery, with what intake would have looked up."""
    rows = references() | of_delivery([Fact(fact.table, 0, fact.row) for fact in history], 0)
    due_on = {(task["school_id"], task["task"]): task["due_on"] for task in rows["tasks"]}
    rows["handed"] = [
        {**row, "due_on": due, "lateness": (row["handed_on"] - due).days}  # type: ignore[operator]
        for row in rows.get("handed", [])
        for due in [due_on[row["school_id"], row["task"]]]
    ]
    return rows


def once(history: list[Fact]) -> list[Fact]:
    """Keep one fact a key, as one delivery holds it."""
    return list({fact.key: fact for fact in [*history, *opening()]}.values())


def matrix(tables: Tables, **changes: object) -> Matrix:
    """Return the matrix of all members on all moments."""
    try:
        return build_matrix(
            tables,
            tiny_contract(),
            tiny_indicators(),
            moments=MOMENTS,
            **{"cohort": CohortSpec(), **changes},  # type: ignore[arg-type]
        )
    finally:
        tables.close()


def bits(found: Matrix) -> dict[str, bytes]:
    """Return every feature's bytes."""
    return {name: found.features[name].to_numpy().tobytes() for name in found.features.column_names}


@given(history=facts(), order=st.randoms(use_true_random=False), threads=st.sampled_from([1, 2, 4]))
@SETTINGS
def test_order_and_threads_change_no_bit(history: list[Fact], order: Random, threads: int) -> None:
    """Shuffling the rows of every table and changing the number of threads gives the same bytes."""
    rows = rows_of(once(history))
    shuffled = {table: order.sample(some, len(some)) for table, some in rows.items()}

    expected = matrix(memory_tables(rows, threads=1))
    found = matrix(memory_tables(shuffled, threads=threads))

    assert bits(found) == bits(expected)
    assert found.rows.equals(expected.rows)
    assert found.peers.equals(expected.peers)


@given(
    history=facts(), chosen=st.sets(st.sampled_from([f"s{number:02d}" for number in range(13)]), min_size=1)
)
@SETTINGS
def test_on_demand_equals_batch(history: list[Fact], chosen: set[str]) -> None:
    """Posted rows of a few students, with the batch's peer snapshot, give the batch's features to the bit."""
    rows = rows_of(once(history))
    batch = matrix(memory_tables(rows))
    posted = {
        table: [
            _posted(row) for row in rows.get(table, []) if row.get("student_id", next(iter(chosen))) in chosen
        ]
        for table in SOURCES
    }

    tables = tables_from_rows(tiny_contract(), posted, received_on=date(2030, 1, 1))
    found = matrix(tables, peers=batch.peers)
    kept = batch.take(_positions(batch, chosen))

    encoding = fit_encoding(batch.codes, 2)
    assert found.rows.equals(kept.rows)
    assert bits(found) == bits(kept)
    assert encode(found, encoding)[1].tobytes() == encode(kept, encoding)[1].tobytes()


@given(history=facts(), only=st.booleans())
@SETTINGS
def test_cohorts_together_equal_each_alone(history: list[Fact], only: bool) -> None:
    """One pass for several cohorts gives each the rows, bits, peers and counts that it has alone."""
    rows = rows_of(once(history))
    tables = memory_tables(rows)
    together = list(
        build_matrices(
            tables, tiny_contract(), tiny_indicators(), WANTED, moments=MOMENTS, only_the_cohort=only
        )
    )
    tables.close()

    for one, found in zip(WANTED, together, strict=True):
        alone = matrix(memory_tables(rows), cohort=one.cohort, families=one.families, only_the_cohort=only)
        assert bits(found) == bits(alone)
        for name in ("rows", "codes", "groups", "peers"):
            assert getattr(found, name).equals(getattr(alone, name)), name
        assert (found.left_out, found.catalog) == (alone.left_out, alone.catalog)


def _posted(row: Row) -> dict[str, object]:
    """Write a row as a calling system sends it."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def _positions(found: Matrix, chosen: set[str]) -> np.ndarray:
    students = found.rows["student_id"].to_pylist()
    return np.array([student in chosen for student in students])

"""What was not yet known on a date changes nothing that is computed for it, through the real intake.

Each case is a fact that nobody could know on the as-of date, taken away, added or rewritten.
`EARLYWARN_CASES` multiplies the number of histories for a long run by hand.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earlywarn.features import (
    AsOfSpec,
    CohortSpec,
    Matrix,
    build_matrix,
    fit_encoding,
    moments_of,
)
from earlywarn.features.cohort import Without
from tests.builders.histories import (
    AS_OF,
    RECEIVED,
    Fact,
    Row,
    facts,
    is_hidden,
    of_delivery,
    opening,
    references,
)
from tests.builders.intake import declare
from tests.builders.network import CONTRACT, tiny_contract, tiny_extracts, tiny_file, tiny_indicators
from tests.builders.outcomes import EXIT

N_HISTORIES = 20 * int(os.environ.get("EARLYWARN_CASES", "1"))
WITHOUT = Without(table="marks", where="mark < 15", fr="résultat très bas", en="a very low mark")
COUNTED: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def printed_counts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print how much was tried, whatever pytest captures."""
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\nno look-ahead:", ", ".join(f"{n:,} {what}" for what, n in COUNTED.items()))  # noqa: T201


def matrix_of(history: Sequence[Fact], until: date) -> Matrix:
    """Take a history in, delivery by delivery, and build the matrix of all moments up to a date."""
    contract = tiny_contract()
    with tempfile.TemporaryDirectory() as folder:
        network = declare(Path(folder), CONTRACT, tiny_extracts(contract))
        for delivery, received_on in enumerate(RECEIVED):
            rows: dict[str, list[Row]] = of_delivery(history, delivery) | (
                references() if delivery == 0 else {}
            )
            files: dict[str, str | bytes] = {
                f"{table}.csv": tiny_file(contract, table, some) for table, some in rows.items()
            }
            if files:
                network.take_in(files, received_on=received_on, backfill=delivery == 0)
        tables = network.open()
        try:
            return build_matrix(
                tables,
                contract,
                tiny_indicators(),
                cohort=CohortSpec(where="school_id = 'north'", without=WITHOUT),
                moments=moments_of(
                    contract, AsOfSpec(dates=("10-15", "11-20", "03-15")), tables, before=until
                ),
                outcome=EXIT,
                before=until,
            )
        finally:
            tables.close()


def seen(matrix: Matrix) -> dict[str, object]:
    """Return everything that a model, a reason or an audit may see of a matrix, to the bit."""
    features = {name: matrix.features[name].to_numpy().tobytes() for name in matrix.features.column_names}
    return {
        **features,
        "rows": matrix.rows.to_pylist(),
        "left out": matrix.left_out,
        "codes": matrix.codes.to_pylist(),
        "peers": matrix.peers.to_pylist(),
        "groups": matrix.groups.to_pylist(),
        "encoding": fit_encoding(matrix.codes, 2).to_json(),
        "catalog": matrix.catalog.to_json(),
    }


def differences(found: Matrix, expected: Matrix) -> list[str]:
    """Return the names of what two matrices do not have in common."""
    one, other = seen(found), seen(expected)
    return [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]


def rewritten(fact: Fact, as_of: date, left_on: date | None) -> Fact:
    """Give a stay another ending, where neither ending was known on the date."""
    known = fact.row.get("left_on")
    if fact.table != "stays" or (isinstance(known, date) and known < as_of):
        return fact
    if left_on is not None and left_on < as_of:
        left_on = None
    return Fact(fact.table, fact.delivery, {**fact.row, "left_on": left_on, "exit_type": "dropout"})


@given(
    history=facts(),
    other=facts(most=15),
    as_of=st.sampled_from(AS_OF),
    kept=st.randoms(use_true_random=False),
    left_on=st.one_of(st.none(), st.dates(date(2024, 10, 1), date(2025, 6, 30))),
)
@settings(max_examples=N_HISTORIES, deadline=None, suppress_health_check=list(HealthCheck))
def test_hidden_facts_change_nothing(
    history: list[Fact], other: list[Fact], as_of: date, kept: Random, left_on: date | None
) -> None:
    """Taking away, adding or rewriting hidden facts changes no row, feature, peer, group or encoding."""
    first = [*opening(), *history]
    taken = {(fact.delivery, fact.key) for fact in first}
    hidden = [fact for fact in first if is_hidden(fact, as_of)]
    gone = {id(fact) for fact in hidden if kept.random() < 0.5}
    added = [fact for fact in other if is_hidden(fact, as_of) and (fact.delivery, fact.key) not in taken]
    second = [rewritten(fact, as_of, left_on) for fact in first if id(fact) not in gone] + added
    COUNTED["histories"] += 1
    COUNTED["hidden facts taken away"] += len(gone)
    COUNTED["hidden facts added"] += len(added)

    expected, found = matrix_of(first, as_of), matrix_of(second, as_of)
    COUNTED["cells compared"] += expected.features.num_rows * expected.features.num_columns

    assert differences(found, expected) == []


@given(history=facts(most=10), until=st.dates(date(2025, 3, 16), date(2025, 10, 3)))
@settings(max_examples=max(4, N_HISTORIES // 3), deadline=None, suppress_health_check=list(HealthCheck))
def test_a_label_is_never_decided_early(history: list[Fact], until: date) -> None:
    """Before 1 October of the following year no label is true or false, whatever the tables say."""
    matrix = matrix_of([*opening(), *history], until)
    assert matrix.labels is not None
    COUNTED["labels looked at"] += len(matrix)

    decided = set(matrix.labels["label_known_on"].to_pylist())
    labels = matrix.labels["label"].to_pylist()

    assert decided <= {date(2025, 10, 1)}
    assert until >= date(2025, 10, 1) or labels == [None] * len(matrix)

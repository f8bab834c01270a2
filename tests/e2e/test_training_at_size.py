"""A network too large for one matrix is looked at school by school, and nothing of it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earlywarn.features import Matrix, build_matrix, load_indicators, moments_of, moments_on, portions_of
from earlywarn.modeling import load_spec
from earlywarn.pipeline.data_used import matrix_digest
from earlywarn.pipeline.demo import TODAY
from earlywarn.pipeline.leaks import replay_finding
from earlywarn.pipeline.train import labeled_matrix
from earlywarn.tables import load_contract, open_tables

if TYPE_CHECKING:
    from earlywarn.pipeline.demo import Demo

MOST = 2_000
"""Memberships that a portion takes in here; the network has several times as many of them."""


def test_the_matrix_of_a_training_is_the_same_by_portions(demo: Demo) -> None:
    """Built by portions it has the bits of the whole, and a replay finds the same in it."""
    folder = demo.network / "dropout"
    contract, spec = load_contract(demo.network / "contract.toml"), load_spec(folder / "model.toml")
    tables = open_tables(demo.workspace, contract)
    whole = build_matrix(
        tables,
        contract,
        load_indicators(demo.network / "indicators.toml", contract),
        cohort=spec.cohort,
        moments=moments_of(contract, spec.as_of, tables, before=TODAY),
        families=list(spec.features.families),
        outcome=spec.outcome,
    )
    n_portions = len(portions_of(tables, contract, [spec.cohort], most=MOST))
    tables.close()

    found = labeled_matrix(folder, demo.workspace, contract, spec, today=TODAY, most_memberships=MOST)

    assert n_portions > 1
    assert matrix_digest(found) == matrix_digest(whole)
    assert _columns(found) == _columns(whole)
    assert found.features.nbytes < 0.7 * whole.features.nbytes
    assert replay_finding(folder, demo.workspace, contract, spec, found).verdict == "passed"


def test_portions_of_a_day_hold_whoever_was_there(demo: Demo) -> None:
    """Of all who were ever enrolled, those of a day's portions are its members, and no member is missed."""
    contract = load_contract(demo.network / "contract.toml")
    spec = load_spec(demo.network / "dropout" / "model.toml")
    indicators = load_indicators(demo.network / "indicators.toml", contract)
    tables = open_tables(demo.workspace, contract)
    moments = moments_on(contract, tables, TODAY)

    ever, there = (
        portions_of(tables, contract, [spec.cohort], on=days, most=most)
        for days, most in (([], MOST), ([TODAY], MOST // 5))
    )
    found = build_matrix(tables, contract, indicators, cohort=spec.cohort, moments=moments)
    tables.close()

    members, once = ([set(one.students.to_pylist()) for one in some] for some in (there, ever))
    assert set.union(*members) < set.union(*once)
    for row in found.rows.select(["school_id", "student_id"]).to_pylist():
        (place,) = [number for number, one in enumerate(there) if row["school_id"] in one.schools]
        assert row["student_id"] in members[place]


def _columns(matrix: Matrix) -> dict[str, list[object]]:
    """Return everything of a matrix that is not a feature, in its order."""
    tables = [matrix.rows, matrix.labels, matrix.groups, matrix.codes]
    return {
        f"{place} {name}": table[name].to_pylist()
        for place, table in enumerate(tables)
        if table is not None
        for name in table.column_names
    }


def test_whoever_is_ranked_among_everybody_is_not_cut_into_portions(demo: Demo) -> None:
    """A network that ranks across schools is built at once, however large it is."""
    contract = load_contract(demo.network / "contract.toml")
    spec = load_spec(demo.network / "dropout" / "model.toml")
    ranked = contract.model_copy(
        update={"network": contract.network.model_copy(update={"ranked_among": ("grade",)})}
    )
    tables = open_tables(demo.workspace, contract)

    found = [len(portions_of(tables, one, [spec.cohort], most=MOST)) for one in (contract, ranked)]
    tables.close()

    assert found[0] > 1
    assert found[1] == 0

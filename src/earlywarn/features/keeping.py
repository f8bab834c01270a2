"""Keep only the pairs that a training needs: those of some schools, and those the cohort is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from earlywarn.features.cohort import PAIRS, beside_cohort
from earlywarn.features.peers import compared_with_peers
from earlywarn.features.plan import Measure
from earlywarn.features.ranks import ranked_measures
from earlywarn.tables import Contract, literal, quote

if TYPE_CHECKING:
    import duckdb


def keep_schools(connection: duckdb.DuckDBPyConnection, contract: Contract, schools: Sequence[str]) -> None:
    """Keep the pairs of some schools."""
    _keep(connection, f"{school_name(contract)} IN ({', '.join(map(literal, schools))})")


def school_name(contract: Contract) -> str:
    """Return SQL of the name of a row's school; that of a row without one is empty."""
    return f"coalesce(CAST({quote(contract.network.school)} AS VARCHAR), '')"


def keep_compared(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    measures: Sequence[Measure],
    members: Sequence[str],
) -> None:
    """Keep the cohorts' pairs, and those that stand in a group with one of them on its date."""
    in_cohort = " OR ".join(members)
    groups = []
    if compared_with_peers(measures):
        groups.append(contract.network.peers)
    if ranked_measures(measures):
        groups.append(contract.network.ranked_among)
    conditions = [in_cohort]
    conditions += [beside_cohort(columns, in_cohort) for columns in groups]
    _keep(connection, " OR ".join(conditions))


def _keep(connection: duckdb.DuckDBPyConnection, condition: str) -> None:
    # Made anew and not deleted from: a table keeps the room of what was deleted.
    connection.execute(f"CREATE TEMP TABLE kept_pairs AS SELECT * FROM {PAIRS} WHERE {condition}")
    connection.execute(f"DROP TABLE {PAIRS}")
    connection.execute(f"ALTER TABLE kept_pairs RENAME TO {PAIRS}")

"""Leave units out of a cohort by what was known of them on the as-of date, and count them.

A rule of the cohort's `where` sees the membership row of the date alone; `without` sees a unit's whole
history in one table, cut at the date like every history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from earlywarn.errors import DeclarationError
from earlywarn.features.cohort import PAIRS, CohortSpec, cohort_expression
from earlywarn.features.dating import shared_columns
from earlywarn.features.history import history_sql
from earlywarn.tables import Contract, quote

if TYPE_CHECKING:
    import duckdb

    from earlywarn.tables import Expression


@dataclass(frozen=True)
class LeftOut:
    """How many rows, of how many units, a cohort left out."""

    n_rows: int = 0
    n_units: int = 0


NOBODY = LeftOut()


def without_condition(contract: Contract, cohort: CohortSpec) -> Expression | None:
    """Return the parsed condition of a cohort's `without`, or None where it has none.

    Raises:
        DeclarationError: The table is not there or names no student, or the condition is not of the grammar.
    """
    rule = cohort.without
    if rule is None:
        return None
    if rule.table not in contract.tables:
        raise DeclarationError(f"there is no table '{rule.table}'", where="[cohort] without")
    if contract.network.student not in shared_columns(contract, rule.table):
        raise DeclarationError(f"'{rule.table}' does not name the student", where="[cohort] without")
    return cohort_expression(contract, rule.table, rule.where)


def leave_out(
    connection: duckdb.DuckDBPyConnection, contract: Contract, cohort: CohortSpec, member: str
) -> LeftOut:
    """Take those whom `without` names out of a cohort; the column `member` says who was in before."""
    condition = without_condition(contract, cohort)
    if condition is None or cohort.without is None:
        return LeftOut()
    history = history_sql(contract, cohort.without.table, sorted(condition.columns))
    found = f"SELECT DISTINCT _row FROM (\n{history}\n) WHERE {condition.sql}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE left_out AS {found}")
    unit = ", ".join(quote(name) for name in contract.network.unit)
    counted = connection.execute(
        f"SELECT count(*), count(DISTINCT ROW({unit})) FROM {PAIRS} JOIN left_out USING (_row)\n"
        f"WHERE {member}"
    ).fetchone()
    connection.execute(f"UPDATE {PAIRS} SET {member} = FALSE WHERE _row IN (SELECT _row FROM left_out)")
    return LeftOut(*counted) if counted else LeftOut()

"""Groups that audits compare: what a person is, kept beside the matrix and never in it.

Grain: one row per pair. Sensitive columns of any table that names the student, and the other codes of tables
with one row per person or stay, as they were known on the as-of date.
"""

from __future__ import annotations

from collections.abc import Mapping

from earlywarn.domain import Language
from earlywarn.features.cohort import PAIRS
from earlywarn.features.dating import shared_columns
from earlywarn.features.history import history_sql
from earlywarn.tables import Contract, quote


def group_columns(contract: Contract) -> dict[str, tuple[str, str]]:
    """Return the audited columns: the name in `groups`, and the table and column it is read from.

    A name that two tables use is prefixed by its table in the second.
    """
    found: dict[str, tuple[str, str]] = {}
    network = contract.network
    for table, declared in contract.tables.items():
        if not declared.is_read or not shared_columns(contract, table):
            continue
        is_person = table == network.membership or set(contract.key_of(table)) <= set(network.unit)
        for name, column in declared.stored.items():
            codes = column.type in ("category", "boolean") and is_person
            if (column.sensitive or codes) and name not in network.unit:
                found[name if name not in found else f"{table}_{name}"] = (table, name)
    return found


def fold_columns(contract: Contract) -> dict[str, Mapping[Language, str]]:
    """Return what folds may leave out in whole groups, each with the declared words for one group.

    The school, the grade, the student, a column of the unit, or a code of a table of persons: none of them
    sensitive, because folds shape which model is chosen.
    """
    network = contract.network
    members = contract.columns_of(network.membership)
    found: dict[str, Mapping[Language, str]] = {"school": members[network.school].label, "student": {}}
    if network.grade:
        found["grade"] = members[network.grade].label
    for name in network.unit:
        found.setdefault(name, members[name].label)
    for name, (table, column) in group_columns(contract).items():
        declared = contract.columns_of(table)[column]
        if not declared.sensitive:
            found.setdefault(name, declared.label)
    return found


def groups_sql(contract: Contract, wanted: dict[str, tuple[str, str]], member: str) -> str:
    """Return SQL of every audited column as text, one row per pair of the cohort that `member` marks."""
    shown, joins = [], []
    for table in dict.fromkeys(table for table, _ in wanted.values()):
        columns = {name: column for name, (of, column) in wanted.items() if of == table}
        if table == contract.network.membership:
            shown += [f"CAST(pair.{quote(col)} AS VARCHAR) AS {quote(name)}" for name, col in columns.items()]
            continue
        latest = ", ".join(_latest(column, name) for name, column in columns.items())
        history = history_sql(contract, table, sorted(set(columns.values())))
        alias = quote(f"of_{table}")
        joins.append(
            f"LEFT JOIN (SELECT _row, {latest} FROM (\n{history}\n) GROUP BY _row) AS {alias} USING (_row)"
        )
        shown += [f"{alias}.{quote(name)} AS {quote(name)}" for name in columns]
    lines = [f"SELECT {', '.join(['pair._row', *shown])}", f"FROM {PAIRS} AS pair", *joins]
    return "\n".join([*lines, f"WHERE pair.{member}", "ORDER BY pair._row"])


def _latest(column: str, name: str) -> str:
    code = f"CAST({quote(column)} AS VARCHAR)"
    order = f"ROW(coalesce(_on, DATE '0001-01-01'), {code})"
    return f"arg_max({code}, {order}) FILTER (WHERE {code} IS NOT NULL) AS {quote(name)}"

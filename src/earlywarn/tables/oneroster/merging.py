"""Put the package's mapping and what a network says of it together, for the tables of its contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from earlywarn.tables.contract import Contract
from earlywarn.tables.oneroster.mapping import Additions, AnyRule, OneRoster, RosterTable, built_in


def mapped_tables(contract: Contract, declared: OneRoster) -> dict[str, RosterTable]:
    """Return how each table of a contract is filled from an export, in the contract's order."""
    named: dict[str, str] = dict.fromkeys(("student", "staff", "group"), "sourcedId")
    named.update({str(word): column for word, column in declared.ids.items()})
    found = {}
    for name, table in contract.tables.items():
        additions = declared.tables.get(name, Additions())
        start = built_in().get(name) or (RosterTable(file=additions.file) if additions.file else None)
        if start is None or name in declared.without or not table.is_read:
            continue
        given = {n for n, column in table.columns.items() if column.is_given}
        found[name] = _named(_merged(start, additions, given), named)
    return found


def _merged(start: RosterTable, additions: Additions, given: set[str]) -> RosterTable:
    columns = {n: origin for n, origin in {**start.columns, **additions.columns}.items() if n in given}
    return RosterTable(
        file=additions.file or start.file,
        within=start.within if additions.within is None else additions.within,
        columns={
            n: origin.model_copy(update={"codes": additions.codes.get(n, origin.codes)})
            for n, origin in columns.items()
        },
        left_out=_rules(start.left_out, additions.left_out),
        held_back=_rules(start.held_back, additions.held_back),
    )


def _rules(start: Mapping[str, AnyRule], added: Mapping[str, AnyRule | Literal[False]]) -> dict[str, AnyRule]:
    return {name: rule for name, rule in {**start, **added}.items() if rule is not False}


def _named(table: RosterTable, ids: Mapping[str, str]) -> RosterTable:
    """Put the columns that name people and groups in the place of their braces."""

    def filled(path: str) -> str:
        for word, column in ids.items():
            path = path.replace("{" + word + "}", column)
        return path

    columns = {
        name: origin.model_copy(
            update={"from_": tuple(map(filled, origin.from_)), "in_year": filled(origin.in_year)}
        )
        for name, origin in table.columns.items()
    }

    def with_column(rules: Mapping[str, AnyRule]) -> dict[str, AnyRule]:
        return {
            n: rule.model_copy(update={"column": tuple(map(filled, rule.column))})
            for n, rule in rules.items()
        }

    left_out, held_back = with_column(table.left_out), with_column(table.held_back)
    return table.model_copy(update={"columns": columns, "left_out": left_out, "held_back": held_back})

"""Let a change through that a rule stops, because somebody says that it is meant: for one intake, by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from earlywarn.errors import DeclarationError
from earlywarn.tables.drift.headers import needs_values
from earlywarn.tables.drift.rules import COLUMN_RULES, TABLE_RULES, Stopping
from earlywarn.tables.drift.words import NEVER_ACCEPTED
from earlywarn.tables.oneroster import mapped_tables

if TYPE_CHECKING:
    from earlywarn.tables.contract import Contract
    from earlywarn.tables.extracts import Extract, Extracts

_FORM = re.compile(r"(?P<table>[^.:]+)(\.(?P<column>[^.:]+))?:(?P<rule>\w+)")
OPTION = "--accept-drift"


def check_acceptances(names: Sequence[str], contract: Contract, extracts: Extracts) -> frozenset[str]:
    """Return the names of changes that may pass, each `table.column:rule` or `table:rule`.

    Raises:
        DeclarationError: A name is none, or can never be accepted.
    """
    for name in names:
        problem = _problem(name, contract, extracts)
        if problem:
            message = f"'{name}': {problem}"
            raise DeclarationError(message, where=OPTION, todo="write it as the report gives it")
    return frozenset(names)


def _problem(name: str, contract: Contract, extracts: Extracts) -> str | None:
    """Return what is wrong with a name."""
    parts = _FORM.fullmatch(name)
    if parts is None:
        return "it is not table.column:rule or table:rule"
    table, column, rule = parts["table"], parts["column"], parts["rule"]
    mapped = {n for extract in extracts.extract if extract.table == table for n in extract.columns}
    if extracts.oneroster is not None and table in (by_export := mapped_tables(contract, extracts.oneroster)):
        mapped |= by_export[table].columns.keys()
    if not mapped:
        return f"no file gives a table '{table}'"
    if column is not None and column not in mapped:
        return f"no file gives a column '{column}'"
    rules = TABLE_RULES if column is None else COLUMN_RULES
    if rule not in rules:
        return f"there is no such rule; there are {', '.join(rules)}"
    if rule in NEVER_ACCEPTED:
        return "map the new name in extracts.toml, or list it under ignore"
    if rule == "dropped" and column is not None and needs_values(contract.tables[table], column):
        return "no row can be accepted without the column"
    return None


def accepting(extracts: Extracts, accepted: Collection[str]) -> Extracts:
    """Return the mapping as one intake may read it: without columns that may be gone, with some unknown."""
    if not accepted:
        return extracts
    return extracts.model_copy(
        update={"extract": tuple(_accepting(extract, accepted) for extract in extracts.extract)}
    )


def _accepting(extract: Extract, accepted: Collection[str]) -> Extract:
    columns = {
        name: source.model_copy(update={"optional": True})
        if f"{extract.table}.{name}:dropped" in accepted
        else source
        for name, source in extract.columns.items()
    }
    drift = extract.drift
    if f"{extract.table}:added" in accepted:
        drift = drift.model_copy(update={"added": Stopping(level="warn")})
    return extract.model_copy(update={"columns": columns, "drift": drift})

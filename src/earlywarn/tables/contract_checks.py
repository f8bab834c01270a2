"""Check what a contract's tables say about each other; every problem is found, each with its keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from earlywarn.declarations import Location
from earlywarn.errors import DeclarationError
from earlywarn.tables.expressions import parse_expression
from earlywarn.tables.help_checks import help_problems
from earlywarn.tables.reveal_checks import reveal_problems

if TYPE_CHECKING:
    from earlywarn.tables.contract import Column, Contract, Table

Found = Iterator[tuple[Location, str]]


def contract_problems(contract: Contract) -> list[tuple[Location, str]]:
    """Return every problem of a contract, located by its keys."""
    problems = list(_network(contract))
    for name, table in contract.tables.items():
        at = ("tables", name)
        problems += _expected(contract, table, at) if table.expected else _table(contract, table, at)
    return problems or [
        *_cycle(contract),
        *_circles(contract),
        *reveal_problems(contract),
        *help_problems(contract),
    ]


def _network(contract: Contract) -> Found:
    network, tables = contract.network, contract.tables
    if network.student not in network.unit:
        yield ("network", "student"), "student must be one of the unit's columns"
    membership = tables.get(network.membership)
    if membership is None:
        yield ("network", "membership"), f"there is no table '{network.membership}'"
        return
    wanted = {"school": network.school}
    if network.has_dates:
        wanted |= {"starts_on": network.starts_on, "left_on": network.left_on}
    if network.grade:
        wanted["grade"] = network.grade
    named = list(wanted.items())
    for key, names in (
        ("unit", network.unit),
        ("peers", network.peers),
        ("ranked_among", network.ranked_among),
    ):
        named += [(key, name) for name in names]
    for key, name in named:
        column = membership.stored.get(name)
        if column is None:
            yield ("network", key), f"table '{network.membership}' has no column '{name}'"
        elif key in ("starts_on", "left_on") and not column.is_date:
            yield ("network", key), f"'{name}' is not a date"
        elif column.sensitive:
            yield ("network", key), f"'{name}' is sensitive: it audits, and never shapes a list"
    yield from _periods(contract)
    yield from _level(contract)
    for key, name in network.scope.model_dump().items():
        if name is not None and name not in tables:
            yield ("network", "scope", key), f"there is no table '{name}'"
    if len(set(network.stages)) < len(network.stages):
        yield ("network", "stages"), "a stage is named twice"


def _periods(contract: Contract) -> Found:
    periods, at = contract.network.periods, ("network", "periods")
    if periods.table is None:
        return
    table = contract.tables.get(periods.table)
    if table is None:
        yield (*at, "table"), f"there is no table '{periods.table}'"
        return
    for key, name in (("key", periods.key), ("starts_on", periods.starts_on), ("ends_on", periods.ends_on)):
        column = table.stored.get(name or "")
        if column is None:
            yield (*at, key), f"table '{periods.table}' has no column '{name}'"
        elif key != "key" and not column.is_date:
            yield (*at, key), f"'{name}' is not a date"
    if periods.within is not None and periods.within not in table.stored:
        yield (*at, "within"), f"table '{periods.table}' has no column '{periods.within}'"


def _level(contract: Contract) -> Found:
    level, at = contract.network.level, ("network", "level")
    if level is None:
        return
    schools = contract.tables.get(contract.network.scope.schools or "")
    if schools is None:
        yield at, "a level is a column of the table of schools: name that table in [network.scope]"
    elif level not in schools.stored:
        yield at, f"table '{contract.network.scope.schools}' has no column '{level}'"
    elif schools.stored[level].sensitive:
        yield at, f"'{level}' is sensitive: it audits, and never groups schools"


def _expected(contract: Contract, table: Table, at: tuple[str, ...]) -> Found:
    expected = table.expected
    if expected is None:
        return
    if table.columns or table.key or table.rows or table.known_on or table.cumulative:
        yield (*at, "expected"), "an expected table takes its columns, key and dates from the tables it joins"
    for key, name in (("each", expected.each), ("match", expected.match)):
        if name not in contract.tables or contract.tables[name].expected:
            yield (*at, "expected"), f"{key}: there is no read table '{name}'"
            return
    each, match = contract.tables[expected.each], contract.tables[expected.match]
    known_on = each.stored.get(expected.known_on)
    if known_on is None or not known_on.is_date:
        yield (*at, "expected"), f"known_on: '{expected.known_on}' is not a date of '{expected.each}'"
    shared = {*contract.network.unit, *each.key_columns}
    if not set(match.key_columns) <= shared:
        yield (
            (*at, "expected"),
            f"'{expected.match}' may hold several rows for one that was due; its key is wider",
        )
    if not set(contract.network.unit) <= {*match.stored, *each.stored}:
        yield (*at, "expected"), f"'{expected.match}' does not name the unit"


def _table(contract: Contract, table: Table, at: tuple[str, ...]) -> Found:
    if not table.columns:
        yield at, "the table has no columns"
    if not table.key:
        yield at, 'the table has no key; where a file has none, use "{row_number}"'
    for name in table.key_columns:
        if name not in table.stored:
            yield (*at, "key"), f"there is no column '{name}'"
    yield from _known_on(table, at)
    if table.exposure and table.exposure not in contract.tables:
        yield (*at, "exposure"), f"there is no table '{table.exposure}'"
    if table.cumulative:
        yield from _cumulative(table, at)
    yield from _inline_rows(table, at)
    yield from _contradictions(contract, table, at)
    for name, column in table.columns.items():
        yield from _column(contract, table, name, column, (*at, "columns", name))


def _known_on(table: Table, at: tuple[str, ...]) -> Found:
    if not table.known_on:
        yield at, 'known_on is missing: name a date column, or "always"'
    elif table.known_on != "always":
        column = table.stored.get(table.known_on)
        if column is None:
            yield (*at, "known_on"), f"there is no column '{table.known_on}'"
        elif not column.is_date:
            yield (*at, "known_on"), f"'{table.known_on}' is not a date"


def _cumulative(table: Table, at: tuple[str, ...]) -> Found:
    cumulative = table.cumulative
    if cumulative is None:
        return
    for name in (*cumulative.values, *cumulative.over, cumulative.order):
        if name not in table.stored:
            yield (*at, "cumulative"), f"there is no column '{name}'"
        elif name in cumulative.values and table.stored[name].type not in ("integer", "number"):
            yield (*at, "cumulative"), f"'{name}' is not a number"
    if cumulative.order not in table.key_columns:
        yield (*at, "cumulative"), "the order must be part of the key"


def _inline_rows(table: Table, at: tuple[str, ...]) -> Found:
    for index, row in enumerate(table.rows):
        for name in row:
            if name not in table.columns:
                yield (*at, "rows", index), f"row {index + 1}: there is no column '{name}'"
        missing = [name for name in table.key_columns if row.get(name) is None]
        if missing:
            yield (*at, "rows", index), f"row {index + 1}: key column '{missing[0]}' is missing"
    if table.rows and table.known_on != "always":
        yield (*at, "known_on"), "a table written in the contract is known always"


def _contradictions(contract: Contract, table: Table, at: tuple[str, ...]) -> Found:
    types = {name: column.type for name, column in table.stored.items()}
    for index, rule in enumerate(table.contradictions):
        here: tuple[str | int, ...] = (*at, "contradictions", index)
        yield from _expression(rule.when, types, (*here, "when"), "boolean")
        for name in (rule.keep, *rule.clear):
            if name not in table.stored:
                yield here, f"there is no column '{name}'"
        cleared = {*rule.clear} & {*table.key_columns, table.known_on, rule.keep}
        if cleared:
            yield (*here, "clear"), f"'{min(cleared)}' cannot be cleared"


def _column(contract: Contract, table: Table, name: str, column: Column, at: tuple[str, ...]) -> Found:
    if not name.isidentifier() or name.startswith("_") or "__" in name or name == "row_number":
        yield at, f"'{name}' is not a name for a column (letters, digits and single underscores)"
    yield from _fit(column, at)
    if column.known_on is not None and not _is_date(table, column.known_on):
        yield (*at, "known_on"), f"'{column.known_on}' is not a date of the table"
    if column.stage is not None and column.stage not in contract.network.stages:
        yield (*at, "stage"), f"there is no stage '{column.stage}'"
    if isinstance(column.default, str) and column.default in table.columns:
        if table.columns[column.default].is_date != column.is_date:
            yield (*at, "default"), f"'{column.default}' has another type"
    elif isinstance(column.default, str) and column.type not in ("category", "text", "id"):
        yield (*at, "default"), f"there is no column '{column.default}'"
    yield from _source(contract, table, column, at)


def _is_date(table: Table, name: str) -> bool:
    column = table.stored.get(name)
    return column is not None and column.is_date


def _fit(column: Column, at: tuple[str, ...]) -> Found:
    kind = column.type
    if column.allowed is not None and kind not in ("category", "id"):
        yield (*at, "allowed"), f"a column of type {kind} has no list of allowed values"
    if (column.min is not None or column.max is not None) and kind not in ("integer", "number", "date"):
        yield at, f"a column of type {kind} has no min or max"
    if column.pseudonym and kind != "id":
        yield (*at, "pseudonym"), "only an id is replaced by a pseudonym"
    if column.lookup and column.derive:
        yield at, "a column is looked up or derived, not both"
    if column.known_on and column.stage:
        yield at, "a column has a date it is known on or a stage, not both"
    if (column.origin is None) == (kind == "day_offset"):
        yield (
            at,
            "a day_offset needs an origin" if kind == "day_offset" else "only a day_offset has an origin",
        )
    if kind == "identity" and (column.derive or column.lookup or column.known_on or column.sensitive):
        yield at, "an identity column is only read and put away"
    for language, labels in column.labels.items():
        unknown = [code for code in labels if column.allowed is not None and code not in column.allowed]
        if unknown:
            yield (*at, "labels"), f"{language}: '{unknown[0]}' is not an allowed value"


def _source(contract: Contract, table: Table, column: Column, at: tuple[str, ...]) -> Found:
    if column.derive:
        readable = {name: other.type for name, other in table.stored.items() if other is not column}
        yield from _expression(column.derive, readable, (*at, "derive"), "any")
        used = [n for n, other in table.stored.items() if other.sensitive and _mentions(column.derive, n)]
        if used and not column.sensitive:
            yield (*at, "derive"), f"'{used[0]}' is sensitive, so what derives from it is too"
    for key, target in (("lookup", column.lookup), ("origin", column.origin)):
        if target is not None:
            yield from _target(contract, table, column, target, (*at, key))


def _mentions(expression: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", expression) is not None


def _target(contract: Contract, table: Table, column: Column, target: str, at: tuple[str, ...]) -> Found:
    other_name, _, other_column = target.partition(".")
    other = contract.tables.get(other_name)
    if other is None or other.expected or other_column not in other.stored:
        yield at, f"there is no column '{target}'; write table.column"
        return
    found = other.stored[other_column]
    if at[-1] == "origin" and not found.is_date:
        yield at, f"'{target}' is not a date"
    if at[-1] == "lookup" and found.type != column.type and not (found.is_date and column.is_date):
        yield at, f"'{target}' is a {found.type}, not a {column.type}"
    if found.sensitive and not column.sensitive:
        yield at, f"'{target}' is sensitive, so this column must be too"
    missing = [name for name in other.key_columns if name not in table.stored]
    if missing:
        yield (
            at,
            f"the key of '{other_name}' is not unique by this table's columns: '{missing[0]}' is missing",
        )


def _expression(text: str, types: Mapping[str, str], at: Location, kind: str) -> Found:
    try:
        parse_expression(text, types, kind=kind)  # type: ignore[arg-type]
    except DeclarationError as error:
        yield at, error.what


def _cycle(contract: Contract) -> list[tuple[Location, str]]:
    """Find tables that look each other up in a circle; run last, when every name is known to exist."""
    targets = {
        name: {
            target.partition(".")[0]
            for column in table.columns.values()
            for target in (column.lookup, column.origin)
            if target
        }
        - {name}
        for name, table in contract.tables.items()
    }
    left = dict(targets)
    while ready := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in ready:
            del left[name]
    return [(("tables", name), "the table and those it looks up need each other") for name in sorted(left)]


def _circles(contract: Contract) -> Found:
    """Find columns of one table that wait for each other; every name is known to exist by now."""
    for name, table in contract.tables.items():
        left = {column_name: _needs(contract, table, column) for column_name, column in table.stored.items()}
        while ready := [column_name for column_name, needs in left.items() if not needs & left.keys()]:
            for column_name in ready:
                del left[column_name]
        for column_name in left:
            yield ("tables", name, "columns", column_name), f"'{column_name}' needs itself to be resolved"


def _needs(contract: Contract, table: Table, column: Column) -> set[str]:
    needs: set[str] = set()
    if column.derive:
        readable = {name: other.type for name, other in table.stored.items() if other is not column}
        needs |= parse_expression(column.derive, readable).columns
    if isinstance(column.default, str) and column.default in table.columns:
        needs.add(column.default)
    if column.lookup and column.known_on:
        needs.add(column.known_on)
    for target in (column.lookup, column.origin):
        if target is not None:
            needs |= set(contract.tables[target.partition(".")[0]].key_columns)
    return needs

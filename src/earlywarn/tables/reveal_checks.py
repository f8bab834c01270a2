"""Check that nothing is shown before it could be known: what is made from a late column is as late itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from earlywarn.declarations import Location
from earlywarn.tables.expressions import parse_expression

if TYPE_CHECKING:
    from earlywarn.tables.contract import Column, Contract, Table

Found = Iterator[tuple[Location, str]]


def reveal_problems(contract: Contract) -> Found:
    """Find columns that would tell early what is known late; run last, when every name is known to exist."""
    for name, table in contract.tables.items():
        at = ("tables", name)
        if not contract.network.has_dates:
            yield from _undated(contract, table, at)
        if name == contract.network.membership:
            yield from _places(contract, table, at)
        for column_name, column in table.columns.items():
            yield from _sources(contract, table, column, (*at, "columns", column_name))


def _undated(contract: Contract, table: Table, at: tuple[str, ...]) -> Found:
    """Find what needs days in a network that has stages instead."""
    if table.expected is not None:
        yield (*at, "expected"), "what was due needs days, and the network has stages instead"
    elif table.known_on != "always":
        yield (
            (*at, "known_on"),
            'the network has stages instead of days: known_on = "always", and a stage per column',
        )
    for name, column in table.columns.items():
        if column.known_on is not None:
            yield (*at, "columns", name, "known_on"), "the network has stages instead of days: give a stage"


def _places(contract: Contract, table: Table, at: tuple[str, ...]) -> Found:
    network = contract.network
    for name in dict.fromkeys((*network.unit, network.school, *([network.grade] if network.grade else []))):
        if table.stored[name].stage is not None:
            yield (*at, "columns", name, "stage"), "who and where a unit is cannot wait for a stage"


def _sources(contract: Contract, table: Table, column: Column, at: tuple[str, ...]) -> Found:
    """Find the columns that one is made from and that are known later than itself."""
    stages = contract.network.stages
    own = stages.index(column.stage) if column.stage else -1
    for key, name, source in _made_from(contract, table, column):
        if source.stage and stages.index(source.stage) > own:
            message = (
                f"'{name}' is known from stage '{source.stage}' on, so what is made from it needs that stage"
            )
            yield (*at, key), message
        if key == "derive" and source.known_on and not (column.known_on or column.stage):
            message = (
                f"'{name}' is known on '{source.known_on}' only, so what is made from it needs a known_on"
            )
            yield (*at, key), message


def _made_from(contract: Contract, table: Table, column: Column) -> Iterator[tuple[str, str, Column]]:
    """Yield the key that names a source, its name, and the source itself."""
    if column.derive:
        types = {name: other.type for name, other in table.stored.items() if other is not column}
        for name in sorted(parse_expression(column.derive, types).columns):
            yield "derive", name, table.stored[name]
    if isinstance(column.default, str) and column.default in table.columns:
        yield "default", column.default, table.columns[column.default]
    for key, target in (("lookup", column.lookup), ("origin", column.origin)):
        if target is not None:
            other, _, name = target.partition(".")
            yield key, target, contract.tables[other].stored[name]

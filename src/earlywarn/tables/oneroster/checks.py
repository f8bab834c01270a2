"""Check what a network says of OneRoster against the standard's files and its own contract."""

from __future__ import annotations

from collections.abc import Iterator

from earlywarn.declarations import Location
from earlywarn.errors import DeclarationError
from earlywarn.tables.contract import Contract, Table
from earlywarn.tables.oneroster.files import Standard, standard
from earlywarn.tables.oneroster.mapping import (
    Additions,
    OneRoster,
    RosterTable,
    Rule,
    built_in,
)
from earlywarn.tables.oneroster.merging import mapped_tables
from earlywarn.tables.oneroster.paths import PathError, followed

_DATED = ("date", "day_offset")


def declared_problems(declared: OneRoster, contract: Contract) -> Iterator[tuple[Location, str]]:
    """Yield what is wrong in a network's `[oneroster]` section, with the keys that lead there."""
    for name in declared.without:
        if name not in contract.tables:
            yield ("without",), f"the contract has no table '{name}'"
    for name, additions in declared.tables.items():
        table = contract.tables.get(name)
        if table is None or not table.is_read:
            yield ("tables", name), f"the contract has no table '{name}' that is read from files"
        elif additions.file is None and name not in built_in():
            yield ("tables", name), f"say which file gives the rows of '{name}' (file)"
        elif additions.file is not None and additions.file not in standard().files:
            yield ("tables", name, "file"), f"OneRoster has no file '{additions.file}' that is read"
        else:
            yield from _additions(additions, table, ("tables", name))
    if not list(_unknown_files(declared)):
        for name, mapped in mapped_tables(contract, declared).items():
            yield from _paths(standard(), mapped, ("tables", name))


def check_covered(contract: Contract, tables: dict[str, RosterTable]) -> None:
    """Refuse a mapping that gives no text to a column that every row must have.

    Raises:
        DeclarationError: Names the first such column of each table.
    """
    for name, mapped in tables.items():
        table = contract.tables[name]
        for column_name, column in table.columns.items():
            is_needed = column.required or column_name in (*table.key_columns, table.known_on)
            if is_needed and column.is_given and column.default is None and column_name not in mapped.columns:
                raise DeclarationError(
                    f"OneRoster gives no '{column_name}', which table '{name}' requires",
                    where="extracts.toml",
                    todo=f"say where it comes from under [oneroster.tables.{name}.columns], "
                    f"or list the table under without in [oneroster]",
                )


def _unknown_files(declared: OneRoster) -> Iterator[str]:
    for name, additions in declared.tables.items():
        file = additions.file or (built_in()[name].file if name in built_in() else "")
        if file not in standard().files:
            yield name


def _additions(
    additions: Additions, table: Table, at: tuple[str | int, ...]
) -> Iterator[tuple[Location, str]]:
    for name in (*additions.columns, *additions.codes):
        column = table.columns.get(name)
        if column is None or not column.is_given:
            yield (*at, "columns", name), f"the contract's table has no column '{name}' that files give"
            continue
        origin = additions.columns.get(name)
        codes = additions.codes.get(name) or (origin.codes if origin else {})
        if codes and column.type in (*_DATED, "identity"):
            yield (*at, "codes", name), f"a column of type {column.type} has no codes"
        unknown = [str(v) for v in codes.values() if column.allowed and str(v) not in column.allowed]
        if unknown:
            yield (*at, "codes", name), f"code for '{unknown[0]}', which the contract does not allow"


def _paths(known: Standard, mapped: RosterTable, at: tuple[str | int, ...]) -> Iterator[tuple[Location, str]]:
    named = [("columns", n, path) for n, origin in mapped.columns.items() for path in origin.paths]
    rules: list[tuple[str, dict[str, Rule]]] = [
        ("left_out", dict(mapped.left_out)),
        ("held_back", dict(mapped.held_back)),
    ]
    named += [(kind, n, p) for kind, of_kind in rules for n, rule in of_kind.items() for p in rule.column]
    for kind, name, path in named:
        try:
            followed(known, mapped.file, path)
        except PathError as error:
            yield (*at, kind, name), str(error)
    for column in mapped.within:
        if column not in mapped.columns:
            yield (*at, "within"), f"no column '{column}' is mapped"

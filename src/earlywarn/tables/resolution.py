"""Fill in what a row does not give itself: defaults, day offsets, lookups, derived columns, contradictions.

Resolved at intake and stored, so that a later correction of another table never rewrites the past.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from earlywarn.errors import TableError
from earlywarn.tables.contract import ALWAYS, ALWAYS_DAY, Column, Contract, Table
from earlywarn.tables.conversion import REASON, SHAPE, limits, literal
from earlywarn.tables.expressions import parse_expression, quote

KNOWN_ON = "_known_on"
DELETED = "_deleted"
VISIBLE_FROM = "_visible_from"
EVER = f"DATE '{ALWAYS_DAY.isoformat()}'"


def current(table: str) -> str:
    """Return the name of the relation that holds each key's latest row of a table."""
    return quote(f"current:{table}")


def latest(table: str) -> str:
    """Return the name of the relation that holds each key's latest version, deletions among them."""
    return quote(f"latest:{table}")


def targets_of(table: Table) -> dict[str, list[str]]:
    """Return the tables a table looks up, with the columns it takes from each."""
    found: dict[str, list[str]] = {}
    for column in table.columns.values():
        for target in (column.lookup, column.origin):
            if target is not None:
                other, _, name = target.partition(".")
                found.setdefault(other, []).append(name)
    return found


def reading_order(contract: Contract) -> list[str]:
    """Return the read tables so that each stands after those it looks up."""
    ordered: list[str] = []
    left = {name: set(targets_of(table)) - {name} for name, table in contract.tables.items()}
    while left:
        ready = [name for name, needs in left.items() if not needs & left.keys()]
        for name in ready:
            del left[name]
        ordered += ready
    return [name for name in ordered if contract.tables[name].is_read]


def resolution_sql(contract: Contract, name: str, staged: str, *, given: Collection[str] = ()) -> str:
    """Return the statement that resolves the staged rows of a table.

    Args:
        contract: The network's contract.
        name: The table.
        staged: The relation of converted rows.
        given: Looked up, derived or offset columns whose values the rows give already.
    """
    table = contract.tables[name]
    sql, joined = f"SELECT * FROM {staged}", set[str]()
    done = {n for n, c in table.stored.items() if _is_ready(c) or n in given}
    todo = [n for n in table.stored if n not in done]
    targets = {o: t for o, t in targets_of(table).items() if _wanted(table, o, given)}
    while todo:
        before = (len(todo), len(joined))
        for other in targets:
            keys = contract.tables[other].key_columns
            if other not in joined and set(keys) <= done:
                sql = _join(sql, other, keys, targets[other])
                joined.add(other)
        for column_name in list(todo):
            needs, value = _step(contract, table, column_name, joined)
            if needs is not None and needs <= done:
                sql = _with(sql, table.stored[column_name], column_name, value)
                done.add(column_name)
                todo.remove(column_name)
        if before == (len(todo), len(joined)):
            message = f"columns {', '.join(sorted(todo))} need each other"
            raise TableError(message, where=f"table '{name}'", todo="mend contract.toml")
    return _finished(table, sql, joined)


def rules_of(table: Table) -> list[str]:
    """Return the names of the columns that say, per row, which contradiction was found."""
    return [f"_rule_{index}" for index in range(len(table.contradictions))]


def _wanted(table: Table, other: str, given: Collection[str]) -> bool:
    return any(
        target is not None and target.partition(".")[0] == other and name not in given
        for name, column in table.columns.items()
        for target in (column.lookup, column.origin)
    )


def _is_ready(column: Column) -> bool:
    return column.is_given and column.type != "day_offset" and column.default is None


def _looked_up(other: str, name: str) -> str:
    return quote(f"l:{other}.{name}")


def _join(sql: str, other: str, keys: tuple[str, ...], names: list[str]) -> str:
    # The key is unique in the current rows, so that a join never multiplies rows.
    on = " AND ".join(f"s.{quote(key)} = o.{quote(key)}" for key in keys)
    taken = [f"o.{quote(name)} AS {_looked_up(other, name)}" for name in dict.fromkeys(names)]
    taken.append(f"o.{VISIBLE_FROM} AS {_looked_up(other, '_known')}")
    return f"SELECT s.*, {', '.join(taken)} FROM ({sql}) s LEFT JOIN {current(other)} o ON {on}"


def _step(contract: Contract, table: Table, name: str, joined: set[str]) -> tuple[set[str] | None, str]:
    """Return what a column needs first, and the SQL of its value; None where a join is still to come."""
    column = table.stored[name]
    needs: set[str] = set()
    value = quote(name)
    if column.derive:
        types = {n: c.type for n, c in table.stored.items() if n != name}
        expression = parse_expression(column.derive, types)
        needs |= expression.columns
        value = expression.sql
    if column.lookup:
        other, _, target = column.lookup.partition(".")
        if other not in joined:
            return None, ""
        value = _looked_up(other, target)
        if column.known_on:
            # A fact revealed before it was known would be a look into the future.
            needs.add(column.known_on)
            value = f"CASE WHEN {_looked_up(other, '_known')} <= {quote(column.known_on)} THEN {value} END"
    if column.origin:
        other, _, target = column.origin.partition(".")
        if other not in joined:
            return None, ""
        value = f"({_looked_up(other, target)} + CAST({value} AS INTEGER))"
    if isinstance(column.default, str) and column.default in table.columns:
        needs.add(column.default)
        value = f"coalesce({value}, {quote(column.default)})"
    elif column.default is not None:
        value = f"coalesce({value}, CAST({literal(column.default)} AS {column.sql_type}))"
    return needs, value


def _with(sql: str, column: Column, name: str, value: str) -> str:
    typed = f"CAST({value} AS {column.sql_type}) AS {quote(name)}"
    if column.is_given:
        return f"SELECT * REPLACE ({typed}) FROM ({sql})"
    return f"SELECT *, {typed} FROM ({sql})"


def _finished(table: Table, sql: str, joined: set[str]) -> str:
    """Apply the contradictions, date the row, and check what only the whole row can tell."""
    types = {name: column.type for name, column in table.stored.items()}
    for flag, rule in zip(rules_of(table), table.contradictions, strict=True):
        when = parse_expression(rule.when, types, kind="boolean").sql
        sql = f"SELECT *, coalesce({when}, FALSE) AS {flag} FROM ({sql})"
        if rule.clear:
            cleared = ", ".join(
                f"CASE WHEN {flag} THEN NULL ELSE {quote(n)} END AS {quote(n)}" for n in rule.clear
            )
            sql = f"SELECT * REPLACE ({cleared}) FROM ({sql})"
    own = EVER if table.known_on == ALWAYS else quote(table.known_on)
    others = [_looked_up(other, "_known") for other in sorted(joined) if _dates_the_row(table, other)]
    known_on = f"greatest({', '.join([own, *others])})" if others else own
    checks = " ".join(f"WHEN {wrong} THEN {literal(reason)}" for wrong, reason in _row_checks(table))
    keyless = " ".join(
        f"WHEN {quote(key)} IS NULL THEN {literal(f'{key}:missing')}" for key in table.key_columns
    )
    # A row that only says that its key is gone need not say anything else.
    checks = f"CASE WHEN {DELETED} THEN CASE {keyless} END ELSE CASE {checks} END END"
    reason = f"coalesce({REASON}, {checks})"
    columns = [quote(name) for name in (*table.stored, *table.identities)]
    columns += [name for name in ("_code", *rules_of(table)) if name != "_code" or table.identities]
    return (
        f"SELECT {', '.join(columns)}, _file, _line, {DELETED}, {reason} AS {REASON}, {SHAPE}, "
        f"{known_on} AS {KNOWN_ON} "
        f"FROM ({sql})"
    )


def _dates_the_row(table: Table, other: str) -> bool:
    """Say whether what is taken from a table is shown with the row, rather than revealed later."""
    return any(
        target is not None and target.partition(".")[0] == other and not (column.lookup and column.known_on)
        for column in table.columns.values()
        for target in (column.lookup, column.origin)
    )


def _row_checks(table: Table) -> Iterator[tuple[str, str]]:
    for name, column in table.stored.items():
        if column.required or name in table.key_columns or name == table.known_on:
            yield f"{quote(name)} IS NULL", f"{name}:missing"
        if not column.is_given:
            yield from limits(name, column, quote(name))
    for name in table.identities:
        if table.columns[name].required:
            yield f"{quote(name)} IS NULL", f"{name}:missing"

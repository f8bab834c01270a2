"""Parse the small expression grammar of declarations and emit DuckDB SQL for it.

The grammar knows columns, literals, comparison, arithmetic, `and or not`, `in`, `between`, `is null` and
a few functions of one row. What is emitted is rebuilt node by node from that list, so that text outside the
grammar (a clock, a subquery, a file, a cast) cannot reach the engine: it is refused by a DeclarationError.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from earlywarn.errors import DeclarationError

Kind = Literal["boolean", "integer", "number", "date", "text", "null"]

KIND_OF_TYPE: dict[str, Kind] = {
    "id": "text",
    "category": "text",
    "text": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "day_offset": "date",
}
FUNCTIONS = ("abs", "ceil", "coalesce", "floor", "greatest", "least", "round")
MAX_LENGTH = 2_000

_COMPARISONS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_NUMERIC = ("integer", "number")
_PLAIN_NUMBER = re.compile(r"\d{1,18}(\.\d{1,9})?")
_ISO_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


@dataclass(frozen=True)
class Expression:
    """One declared expression: its text, the DuckDB SQL rebuilt from it, its kind and the columns it reads.

    `exact` is false where a division makes the value a double: whoever sums it rounds it to a DECIMAL first.
    """

    text: str
    sql: str
    kind: Kind
    columns: frozenset[str]
    exact: bool = True


@dataclass(frozen=True)
class _Part:
    sql: str
    kind: Kind
    exact: bool = True


class _RefusedError(ValueError):
    """What the grammar does not know, in words; turned into a DeclarationError at the door."""


def quote(name: str) -> str:
    """Return a column name quoted for DuckDB.

    >>> quote('left_on')
    '"left_on"'
    """
    return '"' + name.replace('"', '""') + '"'


def parse_expression(
    text: str,
    columns: Mapping[str, str],
    *,
    kind: Literal["boolean", "number", "any"] = "any",
    where: str = "",
) -> Expression:
    """Parse one expression over declared columns (name to declared type), or refuse it.

    Args:
        text: The expression, as a declaration writes it.
        columns: The columns it may read, with their declared types; a type the grammar does not know
            (`identity`) makes its column unreadable.
        kind: What the expression must give: `boolean` for a filter, `number` for a value, `any` otherwise.
        where: The place in the declaration, for the error.

    Returns:
        The expression, with SQL whose null logic is SQL's own: a comparison with nothing matches nothing.

    Raises:
        DeclarationError: For anything the grammar does not know.

    >>> parse_expression("handed_on - due_on", {"handed_on": "date", "due_on": "day_offset"}).sql
    '("handed_on" - "due_on")'
    """
    if len(text) > MAX_LENGTH:
        raise _declaration_error(text[:60], f"is longer than {MAX_LENGTH} characters", where)
    try:
        parsed = sqlglot.parse(text, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise _declaration_error(text, "cannot be read as an expression", where) from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Expression):
        raise _declaration_error(text, "must be one expression", where)
    emitter = _Emitter(columns)
    try:
        part = emitter.emit(parsed[0])
        _require_kind(part, kind)
    except _RefusedError as error:
        raise _declaration_error(text, str(error), where) from error
    except RecursionError as error:
        raise _declaration_error(text, "is nested too deeply", where) from error
    return Expression(text, part.sql, part.kind, frozenset(emitter.seen), part.exact)


def _declaration_error(text: str, problem: str, where: str) -> DeclarationError:
    return DeclarationError(
        f"expression `{text}` {problem}",
        where=where,
        todo=f"use columns of the table, comparison, arithmetic, and/or/not, in, between, is null, "
        f"and the functions {', '.join(FUNCTIONS)}",
    )


def _require_kind(part: _Part, kind: str) -> None:
    if kind == "boolean" and part.kind != "boolean":
        raise _RefusedError("must be true or false for a row")
    if kind == "number" and part.kind not in _NUMERIC:
        raise _RefusedError("must give a number")


class _Emitter:
    """Rebuild SQL from a parsed tree, refusing every node that is not listed here."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = columns
        self.seen: set[str] = set()
        self._rules: dict[type[exp.Expression], Callable[[exp.Expression], _Part]] = {
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Boolean: lambda node: _Part("TRUE" if node.this else "FALSE", "boolean"),
            exp.Null: lambda _: _Part("NULL", "null"),
            exp.Paren: lambda node: self.emit(node.this),
            exp.And: lambda node: self._logic(node, "AND"),
            exp.Or: lambda node: self._logic(node, "OR"),
            exp.Not: self._not,
            exp.Neg: self._negative,
            exp.Is: self._is_null,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Add: lambda node: self._sum(node, "+"),
            exp.Sub: lambda node: self._sum(node, "-"),
            exp.Mul: self._product,
            exp.Div: self._quotient,
            exp.Abs: self._abs,
            exp.Ceil: lambda node: self._whole(node, "ceil"),
            exp.Floor: lambda node: self._whole(node, "floor"),
            exp.Round: self._round,
            exp.Coalesce: lambda node: self._pick(node, "coalesce"),
            exp.Least: lambda node: self._pick(node, "least"),
            exp.Greatest: lambda node: self._pick(node, "greatest"),
        }

    def emit(self, node: object) -> _Part:
        if type(node) in _COMPARISONS:
            return self._comparison(node)  # type: ignore[arg-type]
        rule = self._rules.get(type(node))  # type: ignore[arg-type]
        if rule is None:
            raise _RefusedError(f"uses {_name_of(node)}, which the grammar does not know")
        return rule(node)  # type: ignore[arg-type]

    def _column(self, node: exp.Expression) -> _Part:
        name = node.name
        if set(_arguments(node)) != {"this"} or not isinstance(node.this, exp.Identifier):
            raise _RefusedError("names a column in a way the grammar does not know")
        kind = KIND_OF_TYPE.get(self.columns.get(name, ""))
        if kind is None:
            raise _RefusedError(f"names `{name}`, which is not a readable column of the table")
        self.seen.add(name)
        return _Part(quote(name), kind)

    def _literal(self, node: exp.Expression) -> _Part:
        text = str(node.this)
        if node.args.get("is_string"):
            return _Part("'" + text.replace("'", "''") + "'", "text")
        if not _PLAIN_NUMBER.fullmatch(text):
            raise _RefusedError(f"writes the number {text[:20]} in a way the grammar does not know")
        return _Part(text, "number" if "." in text else "integer")

    def _logic(self, node: exp.Expression, word: str) -> _Part:
        left, right = (self._condition(side) for side in (node.this, node.expression))
        return _Part(f"({left.sql} {word} {right.sql})", "boolean")

    def _condition(self, node: object) -> _Part:
        part = self.emit(node)
        if part.kind not in ("boolean", "null"):
            raise _RefusedError("joins with and, or, not something that is not true or false")
        return part

    def _not(self, node: exp.Expression) -> _Part:
        return _Part(f"(NOT {self._condition(node.this).sql})", "boolean")

    def _negative(self, node: exp.Expression) -> _Part:
        part = self._number(node.this)
        return _Part(f"(-{part.sql})", part.kind, part.exact)

    def _is_null(self, node: exp.Expression) -> _Part:
        if not isinstance(node.expression, exp.Null):
            raise _RefusedError("uses `is` with something other than null")
        return _Part(f"({self.emit(node.this).sql} IS NULL)", "boolean")

    def _in(self, node: exp.Expression) -> _Part:
        if set(_arguments(node)) != {"this", "expressions"}:
            raise _RefusedError("uses `in` with something other than a list of values")
        items = node.expressions
        value, *listed = self._alike([node.this, *items])
        if not all(isinstance(item, exp.Literal | exp.Neg) for item in items):
            raise _RefusedError("uses `in` with something other than a list of values")
        return _Part(f"({value.sql} IN ({', '.join(item.sql for item in listed)}))", "boolean")

    def _between(self, node: exp.Expression) -> _Part:
        if set(_arguments(node)) != {"this", "low", "high"}:
            raise _RefusedError("uses `between` in a way the grammar does not know")
        value, low, high = self._alike([node.this, node.args["low"], node.args["high"]])
        return _Part(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", "boolean")

    def _comparison(self, node: exp.Expression) -> _Part:
        left, right = self._alike([node.this, node.expression])
        if "null" in (left.kind, right.kind):
            raise _RefusedError("compares with null; write `is null`")
        return _Part(f"({left.sql} {_COMPARISONS[type(node)]} {right.sql})", "boolean")

    def _alike(self, nodes: list[exp.Expression]) -> list[_Part]:
        """Emit nodes that must be comparable; text literals become dates where the others are dates."""
        parts = [self.emit(node) for node in nodes]
        kinds = {"number" if part.kind == "integer" else part.kind for part in parts} - {"null"}
        if kinds == {"date", "text"}:
            parts = [
                _date_literal(node) if part.kind == "text" else part
                for node, part in zip(nodes, parts, strict=True)
            ]
        elif len(kinds) > 1:
            raise _RefusedError(f"compares {' with '.join(sorted(kinds))}")
        return parts

    def _number(self, node: object) -> _Part:
        part = self.emit(node)
        if part.kind not in _NUMERIC:
            raise _RefusedError("calculates with something that is not a number")
        return part

    def _sum(self, node: exp.Expression, sign: str) -> _Part:
        left, right = self.emit(node.this), self.emit(node.expression)
        if left.kind == "date" and right.kind == "date" and sign == "-":
            return _Part(f"({left.sql} - {right.sql})", "integer")
        if left.kind == "date" and right.kind == "integer":
            return _Part(f"({left.sql} {sign} CAST({right.sql} AS INTEGER))", "date")
        if left.kind not in _NUMERIC or right.kind not in _NUMERIC:
            raise _RefusedError(f"uses {sign} between {left.kind} and {right.kind}")
        return _combined(f"({left.sql} {sign} {right.sql})", [left, right])

    def _product(self, node: exp.Expression) -> _Part:
        left, right = self._number(node.this), self._number(node.expression)
        return _combined(f"({left.sql} * {right.sql})", [left, right])

    def _quotient(self, node: exp.Expression) -> _Part:
        left, right = self._number(node.this), self._number(node.expression)
        sql = f"(CAST({left.sql} AS DOUBLE) / nullif(CAST({right.sql} AS DOUBLE), 0))"
        return _Part(sql, "number", exact=False)

    def _abs(self, node: exp.Expression) -> _Part:
        part = self._number(node.this)
        return _Part(f"abs({part.sql})", part.kind, part.exact)

    def _whole(self, node: exp.Expression, function: str) -> _Part:
        if set(_arguments(node)) != {"this"}:
            raise _RefusedError(f"gives {function} more than one value")
        return _Part(f"CAST({function}({self._number(node.this).sql}) AS BIGINT)", "integer")

    def _round(self, node: exp.Expression) -> _Part:
        places = node.args.get("decimals")
        if set(_arguments(node)) - {"this", "decimals"}:
            raise _RefusedError("uses round in a way the grammar does not know")
        n_decimals = 0 if places is None else int(str(places.this)) if _is_digit(places) else None
        if n_decimals is None:
            raise _RefusedError("rounds to something other than 0 to 9 decimals")
        number = self._number(node.this)
        if n_decimals == 0:
            return _Part(f"CAST(round({number.sql}) AS BIGINT)", "integer")
        return _Part(f"CAST(round({number.sql}, {n_decimals}) AS DECIMAL(18, {n_decimals}))", "number")

    def _pick(self, node: exp.Expression, function: str) -> _Part:
        parts = self._alike([node.this, *node.expressions])
        if len(parts) < 2:
            raise _RefusedError(f"gives {function} a single value")
        return _combined(f"{function}({', '.join(part.sql for part in parts)})", parts)


def _arguments(node: exp.Expression) -> list[str]:
    """Name the arguments that are given, leaving out flags that sqlglot sets to nothing."""
    return [key for key, value in node.args.items() if isinstance(value, exp.Expression | list) and value]


def _combined(sql: str, parts: list[_Part]) -> _Part:
    kinds = {part.kind for part in parts} - {"null"}
    kind: Kind = "number" if kinds == {"integer", "number"} else next(iter(kinds)) if kinds else "null"
    return _Part(sql, kind, all(part.exact for part in parts))


def _date_literal(node: exp.Expression) -> _Part:
    if not isinstance(node, exp.Literal) or not _ISO_DATE.fullmatch(str(node.this)):
        raise _RefusedError("compares a date with something that is not a date like '2024-09-30'")
    return _Part(f"DATE '{node.this}'", "date")


def _is_digit(node: object) -> bool:
    return isinstance(node, exp.Literal) and re.fullmatch(r"\d", str(node.this)) is not None


def _name_of(node: object) -> str:
    if isinstance(node, exp.Anonymous):
        return f"`{node.name}()`"
    return f"`{type(node).__name__.lower()}`"

"""Turn text into declared types by declared rules, in one DuckDB statement per column.

Every rule either gives the exact value or a reason; nothing is rounded, padded or guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from earlywarn.tables.contract import Column, Scalar, Table
from earlywarn.tables.extracts import Source
from earlywarn.tables.reading import WIDE_SPACES
from earlywarn.tables.report.shapes import has_shape, shape_sql

REASON = "_reason"
SHAPE = "_shape"
PADDING = " " + WIDE_SPACES
_MAX_OFFSET = 100_000
_TRUE, _FALSE = ("true", "True", "TRUE", "1"), ("false", "False", "FALSE", "0")
_WRONG = {
    "integer": "not_an_integer",
    "number": "not_a_number",
    "date": "not_a_date",
    "boolean": "not_true_or_false",
    "day_offset": "not_a_number_of_days",
}


def literal(value: Scalar | date | Decimal) -> str:
    """Write a declared value as a DuckDB literal.

    >>> literal("l'école")
    "'l''école'"
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def given_columns(table: Table) -> dict[str, Column]:
    """Return the columns a file may give, identities among them."""
    return {name: column for name, column in table.columns.items() if column.is_given}


def staged_type(column: Column) -> str:
    """Return the type a column has between conversion and resolution; an offset is still a number of days."""
    return "BIGINT" if column.type == "day_offset" else column.sql_type


def conversion_sql(name: str, column: Column, source: Source, *, texts: str, dated: bool = False) -> str:
    """Return the statement that converts the texts of one column, in the order given.

    Grain of what it gives: one row per row of `texts` (`_at`, `cell`), with `_value`, `_reason` and `_shape`,
    the shape of a cell that broke a rule.

    Args:
        name: The declared column.
        column: What it may hold.
        source: The rules that turn its text into a value, filled in.
        texts: The relation of texts, each once.
        dated: Whether day offsets are given as dates already.
    """
    kind = "date" if dated and column.type == "day_offset" else column.type
    value = _coded(column, source, "_text") if source.codes else _value(kind, column, source, "_text")
    if source.prefix:
        value = f"{literal(source.prefix)} || {value}"
    wrong = [f"WHEN {broken} THEN {literal(reason)}" for broken, reason in _wrong(name, kind, column, source)]
    reason = f"CASE {' '.join(wrong)} END" if wrong else "CAST(NULL AS VARCHAR)"
    text = _text("cell", source.missing or ())
    # Only texts that broke a rule are looked at again, each once.
    shape = f"CASE WHEN {REASON} IS NOT NULL THEN {shape_sql('_text')} END" if has_shape(column) else "NULL"
    return (
        f"SELECT _value, {reason} AS {REASON}, CAST({shape} AS VARCHAR) AS {SHAPE} "
        f"FROM (SELECT _at, _text, {value} AS _value "
        f"FROM (SELECT _at, {text} AS _text FROM {texts})) ORDER BY _at"
    )


def _text(cell: str, missing: tuple[str, ...]) -> str:
    trimmed = f"trim({cell}, {literal(PADDING)})"
    others = [token for token in missing if token]
    text = f"nullif({trimmed}, '')"
    if others:
        text = f"CASE WHEN {trimmed} IN ({', '.join(map(literal, others))}) THEN NULL ELSE {text} END"
    return text


def _coded(column: Column, source: Source, text: str) -> str:
    cases = " ".join(
        f"WHEN {literal(code)} THEN CAST({literal(written(value))} AS {staged_type(column)})"
        for code, value in source.codes.items()
    )
    return f"CASE {text} {cases} END"


def written(value: Scalar) -> str:
    """Return a declared constant as the text a file would hold."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(kind: str, column: Column, source: Source, text: str) -> str:
    if kind in ("integer", "day_offset"):
        return _integer(text)
    if kind == "number":
        return _number(column, source, text)
    if kind == "date":
        formats = (source.format,) if isinstance(source.format, str) else source.format
        return _date(formats or ("%Y-%m-%d",), text)
    if kind == "boolean":
        yes, no = (", ".join(map(literal, words)) for words in (_TRUE, _FALSE))
        return f"CASE WHEN {text} IN ({yes}) THEN TRUE WHEN {text} IN ({no}) THEN FALSE END"
    return text


def _integer(text: str) -> str:
    # A whole number written with decimals that are all zero is still exact: spreadsheets write 19.0 for 19.
    return (
        f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]{{1,18}}') THEN try_cast({text} AS BIGINT) "
        f"WHEN regexp_full_match({text}, '[+-]?[0-9]{{1,18}}[.,]0+') "
        f"THEN try_cast(regexp_replace({text}, '[.,]0+$', '') AS BIGINT) END"
    )


def _number(column: Column, source: Source, text: str) -> str:
    point = "[.]" if source.decimal == "." else ","
    whole = f"[0-9]{{1,{18 - column.decimals}}}"
    plain = text
    if source.thousands:
        marks = "[ \u00a0\u202f]" if source.thousands == " " else f"[{source.thousands}]"
        whole = f"([0-9]{{1,3}}({marks}[0-9]{{3}})+|{whole})"
        plain = f"regexp_replace({plain}, {literal(marks)}, '', 'g')"
    if source.decimal == ",":
        plain = f"replace({plain}, ',', '.')"
    fraction = f"[0-9]{{1,{column.decimals}}}0*" if column.decimals else "0+"
    if source.round:
        fraction = "[0-9]+"
    pattern = literal(f"[+-]?{whole}({point}{fraction})?")
    return f"CASE WHEN regexp_full_match({text}, {pattern}) THEN try_cast({plain} AS {column.sql_type}) END"


def _date(formats: tuple[str, ...], text: str) -> str:
    read = [_dated(one, text) for one in formats]
    if len(read) == 1:
        return read[0]
    # A text that two formats read as two different days is no date: 03/04 must not become 4 March.
    days = ", ".join(read)
    return f"CASE WHEN least({days}) = greatest({days}) THEN least({days}) END"


def _dated(form: str, text: str) -> str:
    if form == "%Y-%m-%d":
        # The engine also casts 'infinity', years of five digits and years before Christ.
        day = f"try_cast({text} AS DATE)"
        is_day = f"regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"
        return f"CASE WHEN {is_day} AND CAST({day} AS VARCHAR) = {text} THEN {day} END"
    read = f"try_strptime({text}, {literal(form)})"
    is_day = f"year({read}) BETWEEN 1 AND 9999 AND strftime({read}, {literal(form)}) = {text}"
    return f"CASE WHEN {is_day} THEN CAST({read} AS DATE) END"


def _wrong(name: str, kind: str, column: Column, source: Source) -> Iterator[tuple[str, str]]:
    text, value = "_text", "_value"
    unread = "unknown_code" if source.codes else _WRONG.get(kind)
    if unread:
        yield f"{text} IS NOT NULL AND {value} IS NULL", f"{name}:{unread}"
    if kind == "day_offset":
        yield f"abs({value}) > {_MAX_OFFSET}", f"{name}:too_large"
    yield from limits(name, column, value)


def limits(name: str, column: Column, value: str) -> Iterator[tuple[str, str]]:
    """Yield the SQL of each declared limit that a value can break, with its reason."""
    if column.allowed is not None:
        yield f"{value} NOT IN ({', '.join(map(literal, column.allowed))})", f"{name}:not_allowed"
    if column.min is not None:
        yield f"{value} < {literal(column.min)}", f"{name}:too_small"
    if column.max is not None:
        yield f"{value} > {literal(column.max)}", f"{name}:too_large"

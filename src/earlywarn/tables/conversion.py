"""Turn text into declared types by declared rules, in one DuckDB statement per shape of file.

Every rule either gives the exact value or a reason; nothing is rounded, padded or guessed.
The statement gives one row per row of text: the given columns typed, `_reason` where a cell broke a rule, and
`_shape`, which kinds of signs stood in that cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from earlywarn.tables.contract import ROW_NUMBER, ROW_NUMBER_COLUMN, Column, Scalar, Table
from earlywarn.tables.expressions import quote
from earlywarn.tables.extracts import Source
from earlywarn.tables.reading import FILE, LINE, WIDE_SPACES
from earlywarn.tables.report.shapes import has_shape, shape_sql

REASON = "_reason"
SHAPE = "_shape"
_MAX_OFFSET = 100_000
_TRUE, _FALSE = ("true", "True", "TRUE", "1"), ("false", "False", "FALSE", "0")
_WRONG = {
    "integer": "not_an_integer",
    "number": "not_a_number",
    "date": "not_a_date",
    "boolean": "not_true_or_false",
    "day_offset": "not_a_number_of_days",
}


@dataclass(frozen=True)
class _Rule:
    """One given column: the SQL of its text, of its value, and of each way it can be wrong."""

    name: str
    text: str
    value: str
    wrong: tuple[tuple[str, str], ...]
    has_few_texts: bool


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


def staged_type(column: Column, *, dated: bool = False) -> str:
    """Return the type a column has between conversion and resolution; an offset is still a number of days."""
    return "BIGINT" if column.type == "day_offset" and not dated else column.sql_type


def conversion_sql(
    columns: Mapping[str, Column],
    sources: Mapping[str, Source],
    *,
    raw: str,
    row_number: str,
    wide_spaces: bool = False,
    dated: bool = False,
) -> str:
    """Return the statement that converts the text relation `raw`.

    Args:
        columns: The columns to give, in order; those without a source are NULL.
        sources: Each column's source, its rules filled in.
        raw: The name of the text relation.
        row_number: The SQL of the text that stands for a row where a file has no id.
        wide_spaces: Whether cells may be padded with more than plain spaces.
        dated: Whether day offsets are given as dates already.
    """
    rules = [
        _rule(name, columns[name], source, row_number, wide_spaces=wide_spaces, dated=dated)
        for name, source in sources.items()
    ]
    header = ["WHEN _is_header THEN 'row:repeated_header'"] if rules else []
    wrong = [f"WHEN {broken} THEN {literal(reason)}" for rule in rules for broken, reason in rule.wrong]
    cases = " ".join([*header, *wrong])
    reason = f"CASE {cases} END" if cases else "CAST(NULL AS VARCHAR)"
    mapped = {rule.name for rule in rules}
    outputs = [
        f"{quote('v:' + name)} AS {quote(name)}"
        if name in mapped
        else f"CAST(NULL AS {staged_type(column, dated=dated)}) AS {quote(name)}"
        for name, column in columns.items()
    ]
    outputs += [FILE, LINE, ROW_NUMBER_COLUMN, REASON, f"{_shape(rules, columns)} AS {SHAPE}"]
    valued = _valued(rules, sources, raw, row_number)
    return f"SELECT {', '.join(outputs)} FROM (SELECT *, {reason} AS {REASON} FROM ({valued}))"


def _shape(rules: list[_Rule], columns: Mapping[str, Column]) -> str:
    """Return SQL of the shape of the cell that broke a rule; a clean row costs one look at its reason."""
    cases = " ".join(
        f"WHEN {literal(rule.name)} THEN {shape_sql(quote('t:' + rule.name))}"
        for rule in rules
        if rule.wrong and has_shape(columns[rule.name])
    )
    if not cases:
        return "CAST(NULL AS VARCHAR)"
    return f"CASE WHEN {REASON} IS NOT NULL THEN CASE split_part({REASON}, ':', 1) {cases} END END"


def _valued(rules: list[_Rule], sources: Mapping[str, Source], raw: str, row_number: str) -> str:
    """Return the statement of every row's texts and values."""
    texts = [f"{rule.text} AS {quote('t:' + rule.name)}" for rule in rules]
    kept = [
        FILE,
        LINE,
        f"{row_number} AS {ROW_NUMBER_COLUMN}",
        f"{_is_header(sources)} AS _is_header",
        *texts,
    ]
    values, joins = [], ""
    for index, rule in enumerate(rules):
        value = rule.value
        if rule.has_few_texts:
            # Reading a date by its format is slow, and a file holds few different dates.
            text = quote("t:" + rule.name)
            joins += (
                f" LEFT JOIN (SELECT {text} AS k, {value} AS v FROM "
                f"(SELECT DISTINCT {rule.text} AS {text} FROM {raw})) d{index} ON c.{text} = d{index}.k"
            )
            value = f"d{index}.v"
        values.append(f"{value} AS {quote('v:' + rule.name)}")
    return f"SELECT {', '.join(['c.*', *values])} FROM (SELECT {', '.join(kept)} FROM {raw}) c{joins}"


def _is_header(sources: Mapping[str, Source]) -> str:
    """Return SQL that knows a header repeated in the middle, where two files were glued."""
    names = sorted({s.from_ for s in sources.values() if s.from_ not in (None, ROW_NUMBER)} - {None})
    same = [f"{quote(name)} = {literal(name)}" for name in names if name is not None]
    # Most rows are settled by the first cell; CASE leaves the others alone.
    return f"CASE WHEN {same[0]} THEN {' AND '.join(same)} ELSE FALSE END" if same else "FALSE"


def _rule(
    name: str, column: Column, source: Source, row_number: str, *, wide_spaces: bool, dated: bool
) -> _Rule:
    given = quote("t:" + name)
    if source.constant is not None:
        text = literal(_written(source.constant))
    elif source.from_ == ROW_NUMBER:
        text = row_number
    else:
        text = _text(quote(source.from_ or ""), source.missing or (), wide_spaces=wide_spaces)
    kind = "date" if dated and column.type == "day_offset" else column.type
    value = _coded(column, source, given) if source.codes else _value(kind, column, source, given)
    has_few_texts = kind == "date" and source.from_ not in (None, ROW_NUMBER)
    return _Rule(name, text, value, tuple(_wrong(name, kind, column, source)), has_few_texts)


def _text(cell: str, missing: tuple[str, ...], *, wide_spaces: bool) -> str:
    trimmed = f"trim({cell}, {literal(' ' + WIDE_SPACES)})" if wide_spaces else f"trim({cell})"
    others = [token for token in missing if token]
    text = f"nullif({trimmed}, '')"
    if others:
        text = f"CASE WHEN {trimmed} IN ({', '.join(map(literal, others))}) THEN NULL ELSE {text} END"
    return text


def _coded(column: Column, source: Source, text: str) -> str:
    cases = " ".join(
        f"WHEN {literal(code)} THEN CAST({literal(_written(value))} AS {staged_type(column)})"
        for code, value in source.codes.items()
    )
    return f"CASE {text} {cases} END"


def _written(value: Scalar) -> str:
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
    text, value = quote("t:" + name), quote("v:" + name)
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

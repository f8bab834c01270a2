"""Write the SELECT that turns the rows of an export's file into the texts of a table, one row for one row.

Every reference is followed by a LEFT JOIN on an id that is unique, so that no row is multiplied or lost.
A row's `_fate` is empty where it is a row of the table, or says why it is none: a rule's name, or a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from earlywarn.tables.conversion import literal
from earlywarn.tables.exports.relations import GIVEN, Era, full
from earlywarn.tables.expressions import quote
from earlywarn.tables.oneroster import ID, Followed, Origin, RosterTable, Rule, followed, standard
from earlywarn.tables.reading import LINE
from earlywarn.tables.resolution import DELETED

FATE = "_fate"
ROW_ID = "_id"
LEFT, WAITS = "left:", "waits:"
UNKNOWN = "unknown_reference"


def text_columns(table: RosterTable) -> tuple[str, ...]:
    """Return the columns whose text an export gives; a constant needs no text."""
    return tuple(name for name, origin in table.columns.items() if origin.constant is None)


def joined_sql(table: RosterTable, era: Era) -> str:
    """Return the statement of a table's texts, by the rows of its file in an era."""
    paths = {path: followed(standard(), table.file, path) for path in table.paths}
    places = _places(paths)
    columns = [f"{_origin(table.columns[n], paths, places)} AS {quote(n)}" for n in text_columns(table)]
    fates = [f"WHEN {when} THEN {literal(fate)}" for when, fate in _fates(table, paths, places)]
    fate = f"CASE {' '.join(fates)} ELSE '' END" if fates else "''"
    kept = [f"b.{quote(ID)} AS {ROW_ID}", f"b.{LINE}", f"b.{GIVEN}", f"b.{DELETED}"]
    return (
        f"SELECT {', '.join([*kept, *columns])}, {fate} AS {FATE} "
        f"FROM {full(era, table.file)} b{_joins(paths, places, era)}"
    )


def _places(paths: dict[str, Followed]) -> dict[str, str]:
    """Return a short name for every place that a path leads to; "b" is the file itself."""
    found = dict.fromkeys(step.place for path in paths.values() for step in path.steps)
    return {"": "b", **{place: f"r{number}" for number, place in enumerate(found)}}


def _joins(paths: dict[str, Followed], places: dict[str, str], era: Era) -> str:
    joined = {}
    for path in paths.values():
        for step in path.steps:
            alias = places[step.place]
            key = _reference(places[step.source], step.reference.column, first=step.reference.first)
            # What is to be deleted can still be referred to, but it adds nothing to a row of its own.
            standing = f" AND NOT {alias}.{DELETED}" if step.reference.optional else ""
            other = full(era, step.reference.file)
            joined[alias] = f" LEFT JOIN {other} {alias} ON {alias}.{quote(ID)} = {key}{standing}"
    return "".join(joined.values())


def _reference(alias: str, column: str, *, first: bool) -> str:
    cell = f"{alias}.{quote(column)}"
    return f"trim(split_part({cell}, ',', 1))" if first else cell


def _cell(path: Followed, places: dict[str, str]) -> str:
    return f"coalesce({places[path.place]}.{quote(path.column)}, '')"


def _origin(origin: Origin, paths: dict[str, Followed], places: dict[str, str]) -> str:
    """Return the SQL of a column's text: "" where there is none."""
    cells = [_cell(paths[path], places) for path in origin.from_]
    text = _first(cells, {"", *origin.missing})
    if len(cells) > 1 and origin.codes:
        known = ", ".join(literal(code) for code in origin.codes)
        cases = " ".join(f"WHEN {cell} IN ({known}) THEN {cell}" for cell in cells)
        text = f"CASE {cases} ELSE {text} END"
    if origin.take == "day_before":
        return _day_before(text)
    if origin.take == "age":
        return _age(text, _cell(paths[origin.in_year], places), origin.on)
    return text


def _first(cells: list[str], none: set[str]) -> str:
    """Return the SQL of the first text that is one."""
    if len(cells) == 1:
        return cells[0]
    tokens = ", ".join(literal(token) for token in sorted(none))
    cases = [f"WHEN {cell} NOT IN ({tokens}) THEN {cell}" for cell in cells]
    return f"CASE {' '.join(cases)} ELSE '' END"


def _day_before(text: str) -> str:
    # OneRoster's last days are exclusive. A text that is no date stays, so that conversion refuses it.
    day = f"try_cast({text} AS DATE)"
    return f"CASE WHEN {_is_day(text)} THEN CAST({day} - 1 AS VARCHAR) ELSE {text} END"


def _age(born: str, year: str, on: str) -> str:
    """Return the SQL of the age on a day of a year; a birth date that is none stays, to be refused."""
    birthday_to_come = f"strftime(try_cast({born} AS DATE), '%m-%d') > {literal(on)}"
    age = (
        f"try_cast({year} AS INTEGER) - year(try_cast({born} AS DATE)) - CAST({birthday_to_come} AS INTEGER)"
    )
    return f"CASE WHEN {_is_day(born)} THEN coalesce(CAST({age} AS VARCHAR), '') ELSE {born} END"


def _is_day(text: str) -> str:
    shape = f"regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"
    return f"({shape} AND try_cast({text} AS DATE) IS NOT NULL)"


def _fates(
    table: RosterTable, paths: dict[str, Followed], places: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield each way a row is none of the table's, in the order they are tried.

    What the row itself says comes before a reference that leads nowhere, and that before what it leads to.
    """
    rules = [(f"{LEFT}{name}", rule) for name, rule in table.left_out.items()]
    own = [(fate, rule) for fate, rule in rules if not any(paths[path].steps for path in rule.column)]
    for fate, rule in own:
        yield _is_about(rule, paths, places), fate
    for path in paths.values():
        for step in path.steps:
            if step.reference.optional:
                continue
            source, column = places[step.source], step.reference.column
            key = f"coalesce({_reference(source, column, first=step.reference.first)}, '')"
            yield (
                f"{key} <> '' AND {places[step.place]}.{quote(ID)} IS NULL",
                f"{WAITS}{column}:{UNKNOWN}",
            )
    for fate, rule in rules:
        if (fate, rule) not in own:
            yield _is_about(rule, paths, places), fate
    for name, holding in table.held_back.items():
        yield _is_about(holding, paths, places), f"{WAITS}{paths[holding.column[0]].column}:{name}"


def _is_about(rule: Rule, paths: dict[str, Followed], places: dict[str, str]) -> str:
    cell = _first([_cell(paths[path], places) for path in rule.column], {""})
    texts = ", ".join(literal(text) for text in rule.among or rule.other_than or ("",))
    return f"{cell} IN ({texts})" if rule.among is not None else f"{cell} NOT IN ({texts})"

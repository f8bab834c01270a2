"""The grammar of `indicators.toml`: what each indicator counts, over which windows, and how it is said.

One job: text in, checked indicators out. Every indicator is checked against the contract when it is read, so
that one which names a sensitive column, or asks what its table cannot answer, never reaches the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from earlywarn.declarations import Declared, Location, declaration_error, load_declaration, read_declaration
from earlywarn.domain import Language
from earlywarn.errors import DeclarationError
from earlywarn.features.catalog import slug
from earlywarn.features.dating import event_column, shared_columns
from earlywarn.features.functions import Direction, Function
from earlywarn.features.windows import Window, parse_window
from earlywarn.tables import Contract, Expression, parse_expression

Comparison = Literal["own_past", "peers"]
NEEDS_VALUE: frozenset[Function] = frozenset({"sum", "mean", "min", "max", "last", "rank", "one_of"})
NEEDS_DATES: frozenset[Function] = frozenset({"trend", "days_since"})
NOT_COMPARED: frozenset[Function] = frozenset({"one_of"})
CODES = ("category", "id", "text", "boolean")
CALENDAR = "calendar"
PERIOD_DAY = "period_day"

PLACEHOLDERS = ("value", "window", "own_past", "peers", "column", "code")

_BRACED = re.compile(r"\{([^{}]*)\}")
_ONE_OR_MANY = re.compile(r"[^|]*\|[^|]*")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class IndicatorText(Declared):
    """How an indicator is said.

    May use {value} {window} {own_past} {peers} {column} {code}, and {one|many} for the form
    that the value asks for.
    """

    fr: str
    """In French."""
    en: str
    """In English."""


class Indicator(Declared):
    """One declared indicator, or with `columns` a template for one per named column or code."""

    name: str
    """Starts every feature's name; a template holds {column}."""
    family: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Models allow indicators by family, and reasons are summed by it."""
    table: str
    """The declared table whose rows are counted."""
    where: str | None = None
    """Which rows count: comparisons, `and`, `or`, `not`, `in`, `is null` over the table's columns."""
    value: str | None = None
    """The number that each row brings, a column or arithmetic over columns; for one_of, a column of codes."""
    functions: tuple[Function, ...]
    """What is made of the rows; each gives a feature per window."""
    windows: tuple[str, ...]
    """How far back: days as in "30d", period, previous_period, or all."""
    compare_with: tuple[Comparison, ...] = ()
    """Further features: the difference from the window before, and from the median of peers."""
    direction: Direction
    """Whether more of the fact means more risk (up), less (down), or neither; it binds every model."""
    actionable: bool = False
    """Whether staff can act on it; what they cannot act on is shown apart, as context."""
    columns: tuple[str, ...] = ()
    """One indicator per column or code named here, put in the place of {column}."""
    min_count: int = Field(default=20, ge=1)
    """For one_of: a code that fewer training rows have joins "other"."""
    text: IndicatorText
    """How a reason says it."""

    def filled(self, column: str, words: dict[Language, str]) -> Indicator:
        """Return the indicator that the template makes for one column or code."""
        text = IndicatorText(
            fr=self.text.fr.replace("{column}", words["fr"]), en=self.text.en.replace("{column}", words["en"])
        )
        changed = {
            "name": self.name.replace("{column}", slug(column)),
            "where": self.where and self.where.replace("{column}", column),
            "value": self.value and self.value.replace("{column}", column),
            "text": text,
            "columns": (),
        }
        return self.model_copy(update=changed)

    def condition(self, contract: Contract) -> Expression | None:
        """Return the parsed `where`."""
        if self.where is None:
            return None
        return parse_expression(self.where, contract.types_of(self.table), kind="boolean", where=self.name)

    def amount(self, contract: Contract) -> Expression | None:
        """Return the parsed `value`: a number, or for `one_of` a column of codes."""
        if self.value is None:
            return None
        kind: Literal["any", "number"] = "any" if "one_of" in self.functions else "number"
        return parse_expression(self.value, contract.types_of(self.table), kind=kind, where=self.name)

    def parsed_windows(self) -> tuple[Window, ...]:
        """Return the windows in declared order."""
        return tuple(parse_window(name) for name in self.windows)


class Indicators(Declared):
    """All indicators of a network, in the order that freezes the features' order."""

    indicator: tuple[Indicator, ...]
    """One [[indicator]] each."""

    def expanded(self, contract: Contract) -> tuple[Indicator, ...]:
        """Return the indicators with every template filled in."""
        return tuple(one for _, one in _expanded(self, contract))

    @property
    def families(self) -> tuple[str, ...]:
        """Return the families in order of appearance."""
        return tuple(dict.fromkeys(one.family for one in self.indicator))

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the tables that are read, in order of appearance."""
        return tuple(dict.fromkeys(one.table for one in self.indicator))


def load_indicators(path: Path, contract: Contract) -> Indicators:
    """Read and check `indicators.toml` against the network's tables.

    Raises:
        DeclarationError: Lists every problem with its line.
    """
    indicators = load_declaration(path, Indicators)
    found = indicator_problems(indicators, contract)
    if found:
        raise declaration_error(path, read_declaration(path), found)
    return indicators


def indicator_problems(indicators: Indicators, contract: Contract) -> list[tuple[Location, str]]:
    """Return every problem of declared indicators, located by its keys."""
    texts = list(_text_problems(indicators))
    found: list[tuple[Location, str]] = []
    names: set[str] = set()
    for index, one in enumerate(indicators.indicator):
        if one.table not in contract.tables:
            found.append((("indicator", index, "table"), f"there is no table '{one.table}'"))
    if found:
        return found + texts
    for index, one in _expanded(indicators, contract):
        at = ("indicator", index)
        if one.name in names or one.name == PERIOD_DAY:
            found.append(((*at, "name"), f"two indicators are named '{one.name}'"))
        names.add(one.name)
        found += [((*at, key), message) for key, message in _problems(one, contract)]
    return list(dict.fromkeys(found + texts))


def _text_problems(indicators: Indicators) -> Iterator[tuple[Location, str]]:
    """Find what would stand unfilled in the sentences that people read."""
    allowed = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    for index, one in enumerate(indicators.indicator):
        for language, text in (("fr", one.text.fr), ("en", one.text.en)):
            at = ("indicator", index, "text", language)
            for inner in _BRACED.findall(text):
                if inner not in PLACEHOLDERS and not _ONE_OR_MANY.fullmatch(inner):
                    yield at, f"nothing fills '{{{inner}}}'; a text may use {allowed} and {{one|many}}"
            if re.search(r"[{}]", _BRACED.sub("", text)):
                yield at, "a brace of the text has no partner"


def _expanded(indicators: Indicators, contract: Contract) -> Iterator[tuple[int, Indicator]]:
    for index, one in enumerate(indicators.indicator):
        if not one.columns:
            yield index, one
        for column in one.columns:
            yield index, one.filled(column, _words_for(column, one.table, contract))


def _words_for(column: str, table: str, contract: Contract) -> dict[Language, str]:
    """Return what a column or a code is called, from the labels of the table's columns."""
    columns = contract.columns_of(table)
    words: dict[Language, str] = {"fr": column, "en": column}
    for language in words:
        if column in columns:
            words[language] = columns[column].label.get(language, column)
            continue
        for other in columns.values():
            words[language] = other.labels.get(language, {}).get(column, words[language])
    return words


def _problems(one: Indicator, contract: Contract) -> Iterator[tuple[str, str]]:
    if contract.tables[one.table].holds_help:
        yield "table", f"'{one.table}' holds what staff do for a student: help is never a feature"
    if not _NAME.fullmatch(one.name):
        yield "name", f"'{one.name}' is not a name: small letters, digits and single underscores"
    try:
        condition, amount = one.condition(contract), one.amount(contract)
    except DeclarationError as error:
        yield "where" if one.where and f"`{one.where}`" in error.what else "value", error.what
        return
    for key, expression in (("where", condition), ("value", amount)):
        yield from _sensitive(key, expression, one, contract)
    yield from _functions(one, amount, contract)
    yield from _window_problems(one, contract)
    if not shared_columns(contract, one.table):
        yield "table", f"'{one.table}' shares no column with the unit or the place it is in"
    if "peers" in one.compare_with and not contract.network.peers:
        yield "compare_with", "the network declares no peers"
    if "rank" in one.functions and "own_past" in one.compare_with:
        yield "compare_with", "a rank is among this date's group, and has no past"
    if "rank" in one.functions and not contract.network.ranked_among:
        yield "functions", "[network] ranked_among names nobody to rank among"


def _sensitive(
    key: str, expression: Expression | None, one: Indicator, contract: Contract
) -> Iterator[tuple[str, str]]:
    columns = contract.columns_of(one.table)
    for name in sorted(expression.columns if expression else ()):
        if columns[name].sensitive:
            yield key, f"'{name}' is sensitive: it audits a model and never enters one"


def _functions(one: Indicator, amount: Expression | None, contract: Contract) -> Iterator[tuple[str, str]]:
    if not one.functions:
        yield "functions", "an indicator needs a function"
    for function in one.functions:
        if function in NEEDS_VALUE and amount is None:
            yield "functions", f"{function} needs a value"
        if function in NEEDS_DATES and event_column(contract, one.table) is None:
            yield "functions", f"{function} needs dated rows, and '{one.table}' has none"
        if function in NOT_COMPARED and one.compare_with:
            yield "compare_with", f"{function} is a code, which has no difference"
    if "one_of" not in one.functions:
        return
    columns = contract.columns_of(one.table)
    if one.functions != ("one_of",):
        yield "functions", "one_of stands alone"
    if one.value not in columns or columns[one.value].type not in CODES:
        yield "value", "one_of needs one column of codes"
    if one.direction != "none":
        yield "direction", 'codes have no direction; write "none"'


def _window_problems(one: Indicator, contract: Contract) -> Iterator[tuple[str, str]]:
    if not one.windows:
        yield "windows", "an indicator needs a window"
    is_dated = event_column(contract, one.table) is not None
    absent_means = contract.tables[one.table].absent_means
    for name in one.windows:
        try:
            window = parse_window(name)
        except DeclarationError as error:
            yield "windows", error.what
            continue
        if not is_dated and not window.is_open_ended:
            yield "windows", f"'{one.table}' has no dated rows, so only the window \"all\""
        if "trend" in one.functions and window.is_open_ended and absent_means == "zero":
            yield "windows", "a trend over all days has no first day; give a number of days or a period"
        if "own_past" in one.compare_with and not window.has_past:
            yield "windows", f"'{name}' has no stretch of equal length before it to compare with"

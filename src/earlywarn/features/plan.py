"""From declared indicators to the ordered list of features, with names that say what they are.

A feature is named `<indicator>__<function>__<window>` and, compared, `__own_past` or `__peers` after it; a
code's level comes last. The order is the declared order, so that it changes only when the declaration does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from earlywarn.errors import DeclarationError
from earlywarn.features.catalog import Catalog, FeatureEntry, Labels, slug
from earlywarn.features.dating import event_column
from earlywarn.features.functions import Function, Measured, sign_of
from earlywarn.features.indicators import CALENDAR, PERIOD_DAY, Indicator, Indicators
from earlywarn.features.windows import Window
from earlywarn.tables import Column, Contract, Expression

_SMALL = 2**31
"""Sums of fewer than four thousand million values below it fit 64 bits."""

_PERIOD_DAY_ENTRY = FeatureEntry(
    name=PERIOD_DAY,
    indicator=PERIOD_DAY,
    family=CALENDAR,
    function="period_day",
    window="period",
    comparison="",
    sign=0,
    actionable=False,
    text={"fr": "{value} jours depuis le début de la période", "en": "{value} days since the period began"},
    is_context=True,
)


_STAGE_ENTRY = replace(
    _PERIOD_DAY_ENTRY, text={"fr": "étape {value} du parcours", "en": "stage {value} of the way"}
)
"""Without dates the period's day is the place of the stage, counted from one."""


@dataclass(frozen=True)
class Measure:
    """One function of one indicator over one window: a base value and what it is compared with."""

    indicator: Indicator
    function: Function
    window: Window
    measured: Measured
    columns: frozenset[str]
    levels: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """Return the base feature's name."""
        return f"{self.indicator.name}__{self.function}__{self.window.name}"

    @property
    def is_code(self) -> bool:
        """Say whether the value is a code rather than a number."""
        return self.function == "one_of"

    @property
    def past_name(self) -> str:
        """Return the name of the value just before, which only comparisons use."""
        return f"{self.name}__before"


def plan_measures(
    contract: Contract, indicators: Indicators, families: Sequence[str] | None
) -> list[Measure]:
    """Return every measure of the allowed families, in declared order.

    Raises:
        DeclarationError: A family is named that no indicator belongs to.
    """
    known = {*indicators.families, CALENDAR}
    unknown = sorted(set(families or ()) - known)
    if unknown:
        raise DeclarationError(
            f"no indicator is of the family '{unknown[0]}'",
            where="[features] families",
            todo=f"choose among {', '.join(sorted(known))}",
        )
    allowed = known if families is None else set(families)
    return [
        measure
        for indicator in indicators.expanded(contract)
        if indicator.family in allowed
        for measure in _measures(contract, indicator)
    ]


def _measures(contract: Contract, indicator: Indicator) -> Iterator[Measure]:
    condition, amount = indicator.condition(contract), indicator.amount(contract)
    is_code = "one_of" in indicator.functions
    scale = _scale(contract, indicator, amount)
    given = _given(contract, indicator)
    measured = Measured(
        matching=condition.sql if condition else "TRUE",
        value=_value_sql(indicator, amount, scale),
        scale=scale,
        absent_means=contract.tables[indicator.table].absent_means,
        is_dated=event_column(contract, indicator.table) is not None,
        is_small=_largest(given) * scale < _SMALL,
        is_required=given is not None and given.required,
    )
    columns = frozenset().union(*(expression.columns for expression in (condition, amount) if expression))
    levels = _levels(contract, indicator) if is_code else None
    for function in indicator.functions:
        for window in indicator.parsed_windows():
            yield Measure(indicator, function, window, measured, columns, levels)


def _scale(contract: Contract, indicator: Indicator, amount: Expression | None) -> int:
    """Return how many units make one: as many as the columns' own decimals need, and at least 10,000."""
    if amount is None or (amount.kind == "integer" and amount.exact) or "one_of" in indicator.functions:
        return 1
    columns = contract.columns_of(indicator.table)
    read = [columns[name] for name in amount.columns]
    return int(10 ** max([4, *(column.decimals for column in read if column.type == "number")]))


def _given(contract: Contract, indicator: Indicator) -> Column | None:
    """Return the column that a value is, as intake checked it; None for what is computed."""
    table = contract.tables[indicator.table]
    column = contract.columns_of(indicator.table).get(indicator.value or "")
    late = indicator.value in contract.reveals(indicator.table)
    is_checked = column is not None and column.is_given and not late
    return column if is_checked and table.is_read and table.cumulative is None else None


def _largest(column: Column | None) -> Decimal:
    """Return the largest size that declared bounds let a value have."""
    if column is None or not isinstance(column.min, Decimal) or not isinstance(column.max, Decimal):
        return Decimal("Infinity")
    return max(abs(column.min), abs(column.max))


def _value_sql(indicator: Indicator, amount: Expression | None, scale: int) -> str | None:
    """Return the value as a code or as a whole number of units."""
    if amount is None:
        return None
    if "one_of" in indicator.functions:
        return f"CAST({amount.sql} AS VARCHAR)"
    if scale == 1:
        return f"CAST({amount.sql} AS BIGINT)"
    n_decimals = len(str(scale)) - 1
    return f"CAST(CAST({amount.sql} AS DECIMAL(18, {n_decimals})) * {scale} AS BIGINT)"


def _levels(contract: Contract, indicator: Indicator) -> tuple[str, ...] | None:
    column = contract.columns_of(indicator.table)[indicator.value or ""]
    return ("true",) if column.type == "boolean" else column.allowed


def catalog_of(contract: Contract, measures: Sequence[Measure]) -> Catalog:
    """Return the catalog of a plan: the day of the period first, then every feature in declared order.

    Codes without declared levels are not in it before an encoding is fitted.
    """
    entries = [_PERIOD_DAY_ENTRY if contract.network.has_dates else _STAGE_ENTRY]
    for measure in measures:
        if not measure.is_code:
            entries += _entries(contract, measure)
        elif measure.levels is not None:
            entries += [level_entry(contract, measure, level) for level in measure.levels]
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DeclarationError(f"two features are named '{twice}'", todo="rename an indicator or a code")
    return Catalog(tuple(entries))


def _entries(contract: Contract, measure: Measure) -> list[FeatureEntry]:
    indicator = measure.indicator
    comparisons = ("", *(name for name in ("own_past", "peers") if name in indicator.compare_with))
    return [
        FeatureEntry(
            name=f"{measure.name}__{comparison}" if comparison else measure.name,
            indicator=indicator.name,
            family=indicator.family,
            function=measure.function,
            window=measure.window.name,
            comparison=comparison,
            sign=sign_of(
                measure.function,
                indicator.direction,
                contract.tables[indicator.table].absent_means,
                own_past=comparison == "own_past",
            ),
            actionable=indicator.actionable,
            text={"fr": indicator.text.fr, "en": indicator.text.en},
        )
        for comparison in comparisons
    ]


def level_entry(contract: Contract, measure: Measure, level: str) -> FeatureEntry:
    """Return the entry of the 0/1 column that says whether a code is `level`."""
    labels = code_labels(contract, measure)
    template = code_entry(measure)
    text = {
        language: words.replace("{code}", labels.get(language, {}).get(level, level))
        for language, words in template.text.items()
    }
    return replace(template, name=f"{measure.name}__{slug(level)}", code=level, text=text)


def code_labels(contract: Contract, measure: Measure) -> Labels:
    """Return what the codes of a measure's column are called."""
    return contract.columns_of(measure.indicator.table)[measure.indicator.value or ""].labels


def code_entry(measure: Measure) -> FeatureEntry:
    """Return what a column of codes is, before its levels are told apart."""
    indicator = measure.indicator
    return FeatureEntry(
        name=measure.name,
        indicator=indicator.name,
        family=indicator.family,
        function=measure.function,
        window=measure.window.name,
        comparison="",
        sign=0,
        actionable=indicator.actionable,
        text={"fr": indicator.text.fr, "en": indicator.text.en},
        min_count=indicator.min_count,
    )

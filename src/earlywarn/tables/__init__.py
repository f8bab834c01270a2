"""Declared tables: the contract, the way files become rows, and what was known when.

The door of the room; other rooms import from here and not past it.
"""

from earlywarn.tables.contract import (
    ALWAYS_DAY,
    Column,
    Contract,
    Cumulative,
    Expected,
    Network,
    Periods,
    Table,
    load_contract,
)
from earlywarn.tables.expressions import Expression, parse_expression, quote

__all__ = [
    "ALWAYS_DAY",
    "Column",
    "Contract",
    "Cumulative",
    "Expected",
    "Expression",
    "Network",
    "Periods",
    "Table",
    "load_contract",
    "parse_expression",
    "quote",
]

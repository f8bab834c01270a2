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
from earlywarn.tables.extracts import Extracts, load_extracts
from earlywarn.tables.intake import take_in
from earlywarn.tables.page import contract_page
from earlywarn.tables.provenance import Provenance, provenance
from earlywarn.tables.pseudonyms import pseudonym_of, pseudonyms, read_identities
from earlywarn.tables.report import FileIntake, Finding, IntakeReport, Refusal, TableIntake
from earlywarn.tables.rows import tables_from_rows
from earlywarn.tables.versions import Tables, open_tables

__all__ = [
    "ALWAYS_DAY",
    "Column",
    "Contract",
    "Cumulative",
    "Expected",
    "Expression",
    "Extracts",
    "FileIntake",
    "Finding",
    "IntakeReport",
    "Network",
    "Periods",
    "Provenance",
    "Refusal",
    "Table",
    "TableIntake",
    "Tables",
    "contract_page",
    "load_contract",
    "load_extracts",
    "open_tables",
    "parse_expression",
    "provenance",
    "pseudonym_of",
    "pseudonyms",
    "quote",
    "read_identities",
    "tables_from_rows",
    "take_in",
]

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
from earlywarn.tables.identity_files import read_identities
from earlywarn.tables.intake import take_in
from earlywarn.tables.keyring import IDENTITY_KEY, PSEUDONYM_KEY, read_key
from earlywarn.tables.page import contract_page
from earlywarn.tables.provenance import Provenance, provenance
from earlywarn.tables.pseudonyms import keyed_hashes, pseudonym_of, pseudonyms
from earlywarn.tables.report import IntakeReport, TableIntake
from earlywarn.tables.rotation import Rotated, rotate_keys
from earlywarn.tables.rows import tables_from_rows
from earlywarn.tables.versions import Tables, open_tables

__all__ = [
    "ALWAYS_DAY",
    "IDENTITY_KEY",
    "PSEUDONYM_KEY",
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
    "Rotated",
    "Table",
    "TableIntake",
    "Tables",
    "contract_page",
    "keyed_hashes",
    "load_contract",
    "load_extracts",
    "open_tables",
    "parse_expression",
    "provenance",
    "pseudonym_of",
    "pseudonyms",
    "quote",
    "read_identities",
    "read_key",
    "rotate_keys",
    "tables_from_rows",
    "take_in",
]

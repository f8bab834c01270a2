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
from earlywarn.tables.conversion import literal
from earlywarn.tables.drift import Finding, check_acceptances
from earlywarn.tables.excerpts import Excerpt
from earlywarn.tables.exports import is_export
from earlywarn.tables.expressions import Expression, parse_expression, quote
from earlywarn.tables.extracts import Extract, Extracts, load_extracts
from earlywarn.tables.identity_files import read_identities
from earlywarn.tables.intake import take_in
from earlywarn.tables.keyring import IDENTITY_KEY, PSEUDONYM_KEY, read_key
from earlywarn.tables.ledger import Ledger, digest_of, read_ledger
from earlywarn.tables.locating import excerpts_of
from earlywarn.tables.oneroster import oneroster_page
from earlywarn.tables.page import contract_page
from earlywarn.tables.provenance import Provenance, provenance
from earlywarn.tables.pseudonyms import keyed_hashes, pseudonym_of, pseudonyms
from earlywarn.tables.pushed import (
    PushFormat,
    check_pushed_header,
    push_extracts,
    pushable_tables,
    row_schema,
)
from earlywarn.tables.reading import GivenText, OpenView, TextBlock, TypedRows
from earlywarn.tables.report import FileIntake, IntakeReport, TableIntake
from earlywarn.tables.rotation import Rotated, rotate_keys
from earlywarn.tables.rows import tables_from_rows
from earlywarn.tables.versions import Tables, connect, open_tables

__all__ = [
    "ALWAYS_DAY",
    "IDENTITY_KEY",
    "PSEUDONYM_KEY",
    "Column",
    "Contract",
    "Cumulative",
    "Excerpt",
    "Expected",
    "Expression",
    "Extract",
    "Extracts",
    "FileIntake",
    "Finding",
    "GivenText",
    "IntakeReport",
    "Ledger",
    "Network",
    "OpenView",
    "Periods",
    "Provenance",
    "PushFormat",
    "Rotated",
    "Table",
    "TableIntake",
    "Tables",
    "TextBlock",
    "TypedRows",
    "check_acceptances",
    "check_pushed_header",
    "connect",
    "contract_page",
    "digest_of",
    "excerpts_of",
    "is_export",
    "keyed_hashes",
    "literal",
    "load_contract",
    "load_extracts",
    "oneroster_page",
    "open_tables",
    "parse_expression",
    "provenance",
    "pseudonym_of",
    "pseudonyms",
    "push_extracts",
    "pushable_tables",
    "quote",
    "read_identities",
    "read_key",
    "read_ledger",
    "rotate_keys",
    "row_schema",
    "tables_from_rows",
    "take_in",
]

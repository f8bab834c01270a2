"""OneRoster as declared knowledge: what its files hold, and what of it becomes which table. Reads no export.

The door of the room; other files import from here and not past it.
"""

from earlywarn.tables.oneroster.checks import check_covered, declared_problems
from earlywarn.tables.oneroster.files import ID, START, Computed, RosterFile, Standard, Version, standard
from earlywarn.tables.oneroster.mapping import (
    Additions,
    OneRoster,
    Origin,
    RosterTable,
    Rule,
    built_in,
)
from earlywarn.tables.oneroster.merging import mapped_tables
from earlywarn.tables.oneroster.page import oneroster_page
from earlywarn.tables.oneroster.paths import Followed, columns_read, computed_read, followed

__all__ = [
    "ID",
    "START",
    "Additions",
    "Computed",
    "Followed",
    "OneRoster",
    "Origin",
    "RosterFile",
    "RosterTable",
    "Rule",
    "Standard",
    "Version",
    "built_in",
    "check_covered",
    "columns_read",
    "computed_read",
    "declared_problems",
    "followed",
    "mapped_tables",
    "oneroster_page",
    "standard",
]

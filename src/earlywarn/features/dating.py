"""When a table's rows happened, and how they find the units they are about.

Windows count the day a fact happened; what is visible is asof.py's business and follows the day it became
known.
"""

from __future__ import annotations

from earlywarn.tables import Contract

HAPPENED_ON = "happened_on"
ALWAYS = "always"


def event_column(contract: Contract, table: str) -> str | None:
    """Return the column with the day a row is about: `happened_on`, else the day it became known.

    None for reference tables, which are known always and dated by nothing.
    """
    declared = contract.tables[table]
    if declared.expected is not None:
        return declared.expected.known_on
    if HAPPENED_ON in declared.stored and declared.stored[HAPPENED_ON].is_date:
        return HAPPENED_ON
    if declared.known_on != ALWAYS:
        return declared.known_on
    dates = [name for name in declared.key_columns if declared.stored[name].is_date]
    return dates[0] if len(dates) == 1 else None


def shared_columns(contract: Contract, table: str) -> tuple[str, ...]:
    """Return the columns by which a table's rows find their units.

    Rows about students are matched on every column of the unit that they have. Rows about places and times
    (schools, days of class) are matched on what their key shares with the unit and the membership row that
    says where it is; so is what is due there, beside the unit itself.
    """
    columns = contract.columns_of(table)
    network = contract.network
    own = tuple(name for name in network.unit if name in columns)
    expected = contract.tables[table].expected
    if expected is not None:
        return tuple(dict.fromkeys((*own, *shared_columns(contract, expected.each))))
    if network.student in columns:
        return own
    members = contract.columns_of(network.membership)
    key = tuple(name for name in contract.key_of(table) if name in members and not members[name].is_date)
    return own or key

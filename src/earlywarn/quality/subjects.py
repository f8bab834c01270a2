"""Which tables a school can be asked about, and what of each, read from the contract alone.

A table reaches a school by its own column, or through the membership of the students whom its rows name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from earlywarn.features import event_column, shared_columns
from earlywarn.tables import Contract, Table


@dataclass(frozen=True)
class Subject:
    """One table and what is looked at.

    Attributes:
        table: Its name.
        event: The column with the day a row is about; None for a table that is dated by nothing.
        known: The column with the day a row became known, where that is another day.
        has_school: Whether a row names its school itself.
        has_unit: Whether a row names its unit, so that the membership says where it belongs.
        is_counted: Whether rows are counted by student and month; they are about a student and a day.
        is_record: Whether each student should have a row, whatever the day.
        zero: Whether no row means zero: only then is a month without rows a month without recording.
        exposure: The table of days on which something could be recorded.
        codes: Required category columns outside the key, whose codes should all be in use.
        numbers: Number columns that may be empty and should not be.
        groups: The category columns of the key by which empty numbers are told apart.
    """

    table: str
    event: str | None
    known: str | None
    has_school: bool
    has_unit: bool
    is_counted: bool
    is_record: bool
    zero: bool
    exposure: str | None
    codes: tuple[str, ...]
    numbers: tuple[str, ...]
    groups: tuple[str, ...]


def subjects(contract: Contract) -> tuple[Subject, ...]:
    """Return every table that reaches schools, in declared order; where students are is not one of them."""
    apart = {contract.network.membership, contract.network.scope.schools, contract.network.periods.table}
    apart |= {table.exposure for table in contract.tables.values()}
    return tuple(
        subject
        for name, table in contract.tables.items()
        if table.is_read and name not in apart
        for subject in _subject(contract, name, table)
    )


def day_table(contract: Contract, table: str | None) -> str | None:
    """Return an exposure table that gives days of a place, rather than what was due to a student."""
    if table is None or contract.network.student in contract.columns_of(table):
        return None
    is_dated = event_column(contract, table) is not None
    return table if is_dated and shared_columns(contract, table) else None


def _subject(contract: Contract, name: str, table: Table) -> Iterator[Subject]:
    network, columns = contract.network, contract.columns_of(name)
    reveals = contract.reveals(name)
    has_school, has_unit = network.school in columns, set(network.unit) <= columns.keys()
    if not has_school and not has_unit:
        return
    event = event_column(contract, name)
    scope = {network.scope.members, network.scope.assignments}
    is_about_students = has_unit and name not in scope
    is_counted = is_about_students and event is not None
    zero = table.absent_means == "zero"
    known = table.known_on if table.known_on in columns and table.known_on != event else None
    readable = {n: c for n, c in columns.items() if not c.sensitive and n not in reveals and c.is_given}
    numbers = [n for n, c in readable.items() if c.type in ("number", "integer") and not c.required]
    yield Subject(
        table=name,
        event=event,
        known=known if event else None,
        has_school=has_school,
        has_unit=has_unit,
        is_counted=is_counted,
        is_record=is_about_students and event is None,
        zero=zero,
        exposure=day_table(contract, table.exposure) if is_counted and zero else None,
        codes=tuple(
            n
            for n, c in readable.items()
            if is_counted and c.type == "category" and c.required and c.allowed and n not in table.key_columns
        ),
        numbers=tuple(numbers) if is_about_students and not zero else (),
        groups=tuple(
            n
            for n in table.key_columns
            if n in readable and readable[n].type == "category" and columns[n].allowed
        ),
    )

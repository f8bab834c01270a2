"""Give people and calling systems their accounts; the demonstration's are drawn from the loaded network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from earlywarn.domain import SchoolId
from earlywarn.errors import SettingsError, StoreError
from earlywarn.store import (
    Account,
    DatabaseUrls,
    draw_accounts,
    issue_api_key,
    owner_engine,
    revoke_account_keys,
    save_account,
)


@dataclass(frozen=True)
class Demonstration:
    """The accounts that the sign-in page offers, and the calling system's key, shown this once."""

    accounts: tuple[Account, ...]
    key: str


def prepare_demonstration(database: DatabaseUrls, *, today: date) -> Demonstration:
    """Save the demonstration's accounts and give its system a new key; earlier keys end.

    Raises:
        StoreError: The database's owner is not known here.
    """
    engine = owner_engine(owner_url(database))
    try:
        drawn = draw_accounts(engine, today=today)
        for account in drawn:
            save_account(engine, account)
        system = drawn[-1].account_id
        revoke_account_keys(engine, system, today=today)
        key = issue_api_key(engine, system, today=today)
    finally:
        engine.dispose()
    return Demonstration(accounts=drawn, key=key)


def open_system_account(
    database: DatabaseUrls,
    label: str,
    *,
    schools: Sequence[str],
    names: bool,
    write: bool = False,
    today: date,
) -> str:
    """Save a calling system's account, named by its label, and return a new key, which is shown this once.

    Args:
        database: The service database.
        label: What the system is called; the same label is the same account.
        schools: The schools it may ask for; none means all.
        names: Whether it may see names.
        write: Whether it may push rows of the network's tables.
        today: The day the key counts from.

    Raises:
        SettingsError: A system limited to some schools is to push rows, which may be about any student.
        StoreError: The database's owner is not known here.
    """
    if write and schools:
        raise SettingsError(
            "an account limited to some schools cannot write tables: a row may be about any student",
            where=label,
            todo="leave out --school, or --write",
        )
    account = Account(
        account_id=f"system:{label}",
        label=label,
        role="system",
        school_ids=tuple(SchoolId(school) for school in schools),
        all_schools=not schools,
        with_names=names,
        may_write_tables=write,
    )
    engine = owner_engine(owner_url(database))
    try:
        save_account(engine, account)
        return issue_api_key(engine, account.account_id, today=today)
    finally:
        engine.dispose()


def owner_url(database: DatabaseUrls) -> str:
    """Return the owner's address.

    Raises:
        StoreError: Only the service's address is known.
    """
    if database.owner is None:
        raise StoreError(
            "the service's own role may load nothing", todo="set EARLYWARN_DATABASE_ADMIN_URL and rerun"
        )
    return database.owner

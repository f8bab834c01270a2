"""Know who asks: accounts, API keys kept as hashes only, and the scope that an account has on a day."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine, Row, Select, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from earlywarn.domain import Role, SchoolId, Scope
from earlywarn.errors import NotFoundError
from earlywarn.store.roles import statement, transaction
from earlywarn.store.schema import accounts, api_keys


@dataclass(frozen=True)
class Account:
    """A person or a calling system, and what its role reaches."""

    account_id: str
    label: str
    role: Role
    staff_id: str | None = None
    css_id: str | None = None
    school_ids: tuple[SchoolId, ...] = ()
    all_schools: bool = False
    with_names: bool = False
    may_write_tables: bool = False
    is_demonstration: bool = False

    def scope(self, today: date) -> Scope:
        """Return what this account may see on `today`."""
        return Scope(
            role=self.role,
            account_id=self.account_id,
            today=today,
            staff_id=self.staff_id,
            school_ids=self.school_ids,
            css_id=self.css_id,
            all_schools=self.all_schools,
            with_names=self.with_names,
            may_write_tables=self.may_write_tables,
        )


@dataclass(frozen=True)
class AccountReader:
    """Find the account behind a session, anew at each request."""

    engine: Engine

    def scope_of(self, account_id: str, *, today: date) -> Scope:
        """Return the scope of a signed-in account.

        Raises:
            NotFoundError: There is no such account in use.
        """
        return self._one(_in_use(today).where(accounts.c.account_id == account_id)).scope(today)

    def demonstration_accounts(self, *, today: date) -> tuple[Account, ...]:
        """Return the accounts that the demonstration's sign-in offers."""
        asked = _in_use(today).where(accounts.c.is_demonstration).order_by(accounts.c.account_id)
        with statement(self.engine) as connection:
            return tuple(_account(row) for row in connection.execute(asked))

    def _one(self, asked: Select[tuple[Any, ...]]) -> Account:
        with statement(self.engine) as connection:
            row = connection.execute(asked).first()
        if row is None:
            raise NotFoundError("no account in use answers to this", todo="ask for a new key")
        return _account(row)


def save_account(owner: Engine, account: Account) -> None:
    """Add the account, or change the one of that id."""
    values = {name: getattr(account, name) for name in Account.__dataclass_fields__}
    values["school_ids"] = list(account.school_ids)
    with transaction(owner) as connection:
        added = upsert(accounts).values(**values)
        connection.execute(added.on_conflict_do_update(index_elements=["account_id"], set_=values))


def disable_account(owner: Engine, account_id: str, *, today: date) -> None:
    """End an account from `today` on; its next request is refused."""
    with transaction(owner) as connection:
        connection.execute(
            update(accounts).where(accounts.c.account_id == account_id).values(disabled_on=today)
        )


def issue_api_key(owner: Engine, account_id: str, *, today: date) -> str:
    """Return a new key for the account, once: only its hash is kept."""
    key_id = secrets.token_hex(4)
    key = f"ew_{key_id}_{secrets.token_urlsafe(32)}"
    row = {"key_id": key_id, "account_id": account_id, "key_hash": hash_key(key), "created_on": today}
    with transaction(owner) as connection:
        connection.execute(insert(api_keys).values(**row))
    return key


def revoke_api_key(owner: Engine, key_id: str, *, today: date) -> None:
    """End a key from `today` on, named by the part between its two first underscores."""
    with transaction(owner) as connection:
        connection.execute(update(api_keys).where(api_keys.c.key_id == key_id).values(revoked_on=today))


def revoke_account_keys(owner: Engine, account_id: str, *, today: date) -> None:
    """End all keys that an account holds, from `today` on."""
    held = (api_keys.c.account_id == account_id, api_keys.c.revoked_on.is_(None))
    with transaction(owner) as connection:
        connection.execute(update(api_keys).where(*held).values(revoked_on=today))


def hash_key(key: str) -> str:
    """Hash a key; it holds 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def _in_use(today: date) -> Select[tuple[Any, ...]]:
    return select(accounts).where(or_(accounts.c.disabled_on.is_(None), accounts.c.disabled_on > today))


def _account(row: Row[tuple[Any, ...]]) -> Account:
    fields = {name: getattr(row, name) for name in Account.__dataclass_fields__}
    return Account(**{**fields, "school_ids": tuple(SchoolId(school) for school in row.school_ids)})

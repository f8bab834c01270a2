"""The right to write tables is given by name, for the whole network only; the database itself holds that."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from earlywarn.domain import Role, SchoolId
from earlywarn.errors import SettingsError, StoreError
from earlywarn.pipeline.accounts import open_system_account
from earlywarn.store import Account, CallerDesk, DatabaseUrls, draw_accounts, save_account
from earlywarn.store.exchanges import Exchanges
from tests.builders.desk import scope_of_key
from tests.builders.store import TODAY

NOBODY: dict[str, Any] = {"schools": [], "names": False, "today": TODAY}


def test_the_right_is_given_by_name(database: DatabaseUrls, owner: Engine) -> None:
    """A key has it only where it was asked for, and loses it where the account is saved without."""
    desk = CallerDesk(Exchanges(owner))
    plain = open_system_account(database, "portal", **NOBODY)
    before = scope_of_key(desk, plain, today=TODAY).may_write_tables
    open_system_account(database, "portal", write=True, **NOBODY)
    given = scope_of_key(desk, plain, today=TODAY).may_write_tables
    open_system_account(database, "portal", **NOBODY)
    after = scope_of_key(desk, plain, today=TODAY).may_write_tables

    assert (before, given, after) == (False, True, False)


def test_some_schools_are_not_enough(database: DatabaseUrls) -> None:
    """Who asks for the right for an account of some schools is told what to leave out."""
    with pytest.raises(SettingsError, match="leave out --school, or --write"):
        open_system_account(database, "portal", schools=["s1"], names=False, write=True, today=TODAY)


@pytest.mark.parametrize(
    ("role", "schools", "everything"),
    [("system", ("s1",), False), ("system", (), False), ("principal", ("s1",), True), ("css", (), True)],
)
def test_the_database_refuses_the_right_to_others(
    database: DatabaseUrls, owner: Engine, role: Role, schools: tuple[str, ...], everything: bool
) -> None:
    """A person, or a system of some schools, cannot hold it, whatever the program is asked to save."""
    account = Account(
        "x",
        "x",
        role,
        school_ids=tuple(map(SchoolId, schools)),
        all_schools=everything,
        may_write_tables=True,
    )
    with pytest.raises(StoreError, match="CheckViolation"):
        save_account(owner, account)


def test_the_demonstration_writes_nothing(database: DatabaseUrls, owner: Engine) -> None:
    """The accounts drawn for the demonstration only read."""
    assert [one.may_write_tables for one in draw_accounts(owner, today=TODAY)] == [False]

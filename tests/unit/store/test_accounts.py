"""What an account says of its reach."""

from __future__ import annotations

from datetime import date

from earlywarn.domain import SchoolId, Scope
from earlywarn.store import Account
from earlywarn.store.accounts import hash_key


def test_an_accounts_scope_is_that_of_the_day() -> None:
    """Role, staff and schools come from the account, the day from the request."""
    account = Account("t1", "Enseignante", "teacher", staff_id="one", school_ids=(SchoolId("s1"),))

    scope = account.scope(date(2026, 11, 20))

    assert scope == Scope("teacher", "t1", date(2026, 11, 20), staff_id="one", school_ids=(SchoolId("s1"),))


def test_a_key_is_known_by_its_sha256() -> None:
    """The published test vector of SHA-256 for "abc"."""
    assert hash_key("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

"""The chain's arithmetic, by hand."""

from __future__ import annotations

import hashlib

from earlywarn.store.sealing import START, chain_hash


def test_a_seal_hashes_its_rows_onto_the_seal_before() -> None:
    """The hash is that of the earlier hash and of each row's number and hash."""
    said = f'["{START}", [[7, "ab"], [9, "cd"]]]'

    assert chain_hash(START, [(7, "ab"), (9, "cd")]) == hashlib.sha256(said.encode()).hexdigest()


def test_two_rows_in_another_order_are_another_chain() -> None:
    """Swapping is seen."""
    assert chain_hash(START, [(7, "ab"), (9, "cd")]) != chain_hash(START, [(9, "cd"), (7, "ab")])

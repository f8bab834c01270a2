"""What is locked opens with its key, in its place, whole; and nothing else opens."""

from __future__ import annotations

import sys

import pytest

from earlywarn.encryption import decrypt, encrypt, key_id, key_of, new_key
from earlywarn.errors import StorageError

KEY = new_key()
CONTENT = b"Lavoie, Marie" * 20


def test_what_is_locked_opens_again() -> None:
    """The same key and place give the content back."""
    assert decrypt(encrypt(CONTENT, KEY, "names", "ana"), KEY, "names", "ana") == CONTENT


def test_equal_content_gives_equal_bytes() -> None:
    """A rerun writes the same file; another key or place gives another."""
    locked = encrypt(CONTENT, KEY, "names", "ana")

    assert encrypt(CONTENT, KEY, "names", "ana") == locked
    assert (
        len({locked, encrypt(CONTENT, KEY, "names", "bob"), encrypt(CONTENT, new_key(), "names", "ana")}) == 3
    )


def test_nothing_of_the_content_shows() -> None:
    """No word of what is locked stands in the bytes."""
    assert b"Lavoie" not in encrypt(CONTENT, KEY, "names", "ana")


def test_another_key_is_named() -> None:
    """The refusal tells both keys apart by their public names."""
    other = new_key()

    with pytest.raises(StorageError, match=f"another key .{key_id(KEY)}; the one given is {key_id(other)}"):
        decrypt(encrypt(CONTENT, KEY, "names", "ana"), other, "names", "ana", where="here")


def test_what_was_locked_for_another_place_is_refused() -> None:
    """A file put in another's place does not open."""
    with pytest.raises(StorageError, match="not what belongs here"):
        decrypt(encrypt(CONTENT, KEY, "names", "ana"), KEY, "names", "bob")


@pytest.mark.parametrize("length", [0, 1, 2, 10, 11, 12, 26, 27, 28, 100])
def test_a_cut_file_is_refused(length: int) -> None:
    """However little is missing or left."""
    locked = encrypt(CONTENT, KEY, "names", "ana")

    with pytest.raises(StorageError, match=r"it is damaged|another key"):
        decrypt(locked[:length], KEY, "names", "ana")


def test_every_flipped_bit_is_noticed() -> None:
    """Not one byte of what is locked can change, its head included."""
    locked = encrypt(CONTENT[:40], KEY, "names", "ana")
    for position in range(len(locked)):
        changed = bytearray(locked)
        changed[position] ^= 1
        with pytest.raises(StorageError, match=r"it is damaged|another key"):
            decrypt(bytes(changed), KEY, "names", "ana")


@pytest.mark.parametrize("key", [b"", b"not a key", new_key(16)], ids=["none", "text", "short"])
def test_what_is_no_key_is_refused(key: bytes) -> None:
    """A damaged key file is said to be one."""
    with pytest.raises(StorageError, match="the key is damaged"):
        encrypt(CONTENT, key, "names", "ana")


def test_a_keys_public_name_is_in_the_head() -> None:
    """The file itself says which key opens it."""
    assert key_of(encrypt(CONTENT, KEY, "names", "ana")) == key_id(KEY)


def test_a_key_that_was_rotated_out_is_let_go() -> None:
    """A process that goes on with the new key holds no copy of the old one."""
    old = new_key()
    n_holders = sys.getrefcount(old)
    locked = encrypt(CONTENT, old, "names", "ana")
    assert decrypt(locked, old, "names", "ana") == CONTENT
    encrypt(CONTENT, new_key(), "names", "ana")

    assert sys.getrefcount(old) == n_holders

"""Encrypt so that equal content under an equal key and place gives equal bytes: AES-SIV, RFC 5297.

A rerun can then be compared byte by byte, and content put in another's place, cut or changed is refused.
What equal bytes tell is that nothing changed, and no more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from earlywarn.errors import StorageError

KEY_BYTES = 64
_MARK = b"EW\x01"
_ID_BYTES = 8


def new_key(n_bytes: int = KEY_BYTES) -> bytes:
    """Return a fresh random key as one line of text, as key files hold it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(n_bytes))


def key_id(key: bytes) -> str:
    """Return the public name of a key: it tells keys apart and nothing about them.

    >>> key_id(b"one") == key_id(b"one"), len(key_id(b"one"))
    (True, 16)
    """
    return hashlib.sha256(b"earlywarn key id\0" + key).hexdigest()[: 2 * _ID_BYTES]


def encrypt(content: bytes, key: bytes, *place: str) -> bytes:
    """Return the content locked to a key and a place.

    Args:
        content: What to lock.
        key: A key as `new_key` writes it.
        place: What the content is and whose, such as a table's name; it opens in this place only.
    """
    head, cipher = _opened(key)
    return head + cipher.encrypt(content, _context(head, place))


def decrypt(locked: bytes, key: bytes, *place: str, where: str = "") -> bytes:
    """Return what `encrypt` locked; `where` is named in a refusal.

    Raises:
        StorageError: It was locked with another key, or is not what was locked for this place.
    """
    head = locked[: len(_MARK) + _ID_BYTES]
    if head.startswith(_MARK) and len(head) == len(_MARK) + _ID_BYTES and key_of(locked) != key_id(key):
        raise StorageError(
            f"it was written with another key ({key_of(locked)}; the one given is {key_id(key)})",
            where=where,
            todo="give the keys folder that it was written with",
        )
    try:
        return _opened(key)[1].decrypt(locked[len(head) :], _context(head, place))
    except (InvalidTag, ValueError) as error:
        message = "it is damaged, cut short, or not what belongs here"
        raise StorageError(
            message, where=where, todo="restore it from a backup, or take the files in again"
        ) from error


def key_of(locked: bytes) -> str:
    """Return the public name of the key that something was locked with."""
    return locked[len(_MARK) : len(_MARK) + _ID_BYTES].hex()


# The last one only: a key that was rotated out does not stay in a process that goes on.
@lru_cache(maxsize=1)
def _opened(key: bytes) -> tuple[bytes, AESSIV]:
    """Return what all content locked with a key begins with, and its cipher, made once for many."""
    try:
        return _MARK + bytes.fromhex(key_id(key)), AESSIV(base64.urlsafe_b64decode(key.strip()))
    except (binascii.Error, ValueError) as error:
        message = "the key is damaged, or was made by another program"
        raise StorageError(message, todo="restore the keys folder from its backup") from error


def _context(head: bytes, place: tuple[str, ...]) -> list[bytes]:
    return [head, *(part.encode() for part in place)]

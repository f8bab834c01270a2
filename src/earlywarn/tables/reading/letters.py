"""Tell bytes that cannot be what their declared encoding says, line by line.

A single-byte encoding never fails on another's bytes, so letters are looked at: a sign inside a word, or a
capital with an accent between small letters, is no text that anybody typed.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np

_PLAIN, _SMALL, _CAPITAL, _SIGN, _UNKNOWN = range(5)
_INSIDE_WORDS = frozenset("’‘'-–—·.°ªº­\u00a0\u202f")
# What French and English are written with, beyond ASCII.
_TYPED = frozenset("ÀÂÄÆÇÈÉÊËÎÏÔÖŒÙÛÜŸàâäæçèéêëîïôöœùûüÿ«»’‘“”–—…€\u00a0\u202f°·½¼¾²³ÁÍÓÚÑáíóúñ¿¡")
_TWICE = ("cp1252", "latin-1")


@cache
def _classes(encoding: str) -> np.ndarray:
    """Return the class of each byte of a single-byte encoding."""
    kinds = np.zeros(256, dtype=np.uint8)
    for byte in range(256):
        try:
            letter = bytes([byte]).decode(encoding)
        except UnicodeDecodeError:
            kinds[byte] = _UNKNOWN
            continue
        category = unicodedata.category(letter)
        if category == "Ll":
            kinds[byte] = _SMALL
        elif category == "Lu":
            kinds[byte] = _CAPITAL
        elif byte >= 0x80 and category == "Cc":
            kinds[byte] = _UNKNOWN
        elif byte >= 0x80 and letter not in _INSIDE_WORDS and not letter.isspace():
            kinds[byte] = _SIGN
    return kinds


def doubtful(octets: np.ndarray, high: np.ndarray, encoding: str) -> np.ndarray:
    """Return the positions, among those of bytes beyond ASCII, that a line must be looked at for.

    Args:
        octets: The bytes, in the declared encoding.
        high: The positions of the bytes from 0x80.
        encoding: A single-byte encoding.
    """
    kinds = _classes(encoding)
    kind = kinds[octets[high]]
    inside = (high > 0) & (high < len(octets) - 1)
    before = kinds[octets[np.maximum(high - 1, 0)]]
    after = kinds[octets[np.minimum(high + 1, len(octets) - 1)]]
    in_small = (before == _SMALL) & (after == _SMALL) & inside
    in_word = np.isin(before, (_SMALL, _CAPITAL)) & np.isin(after, (_SMALL, _CAPITAL)) & inside
    strange = (kind == _UNKNOWN) | ((kind == _SIGN) & in_word) | ((kind == _CAPITAL) & in_small)
    follows = octets[np.minimum(high + 1, len(octets) - 1)]
    as_unicode = (octets[high] >= 0xC2) & (octets[high] <= 0xE2) & (follows >= 0x80) & (follows < 0xC0)
    return np.asarray(high[strange | as_unicode])


def is_strange(line: bytes, encoding: str) -> bool:
    """Say whether a line of a single-byte encoding reads like another encoding's bytes."""
    if is_typed_unicode(line):
        return True
    octets = np.frombuffer(line, dtype=np.uint8)
    high = np.flatnonzero(octets >= 0x80)
    kinds = _classes(encoding)
    positions = doubtful(octets, high, encoding)
    follows = octets[np.minimum(positions + 1, len(octets) - 1)]
    lead = (octets[positions] >= 0xC2) & (octets[positions] <= 0xE2) & (follows >= 0x80) & (follows < 0xC0)
    strange = positions[~lead | (kinds[octets[positions]] == _UNKNOWN)]
    return bool(strange.size)


def is_typed_unicode(line: bytes) -> bool:
    """Say whether the line is UTF-8 and holds only what French and English are written with."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    beyond = {letter for letter in text if letter > "\x7f"}
    return bool(beyond) and beyond <= _TYPED


def was_decoded_twice(text: str) -> bool:
    """Say whether UTF-8 was once read as a single-byte encoding and written again.

    >>> was_decoded_twice("Ã©cole"), was_decoded_twice("école")
    (True, False)
    """
    for encoding in _TWICE:
        try:
            line = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        if is_typed_unicode(line):
            return True
    return False

"""Search bytes for many words at once, in every form that a word may have been written in."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

SHORTEST = 8
_CHUNK = 1 << 23


@dataclass(frozen=True)
class Found:
    """A word that was found, and the form that it had."""

    word: str
    form: str


class Needles:
    """Words of at least eight letters, in every form, ready to be searched for."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_start: dict[bytes, list[tuple[bytes, Found]]] = {}
        self.forms: set[str] = set()
        for word in words:
            for form, pattern in _forms(word):
                assert len(pattern) >= SHORTEST, (word, form)
                self._by_start.setdefault(pattern[:SHORTEST], []).append((pattern, Found(word, form)))
                self.forms.add(form)
        self.n_patterns = sum(len(found) for found in self._by_start.values())
        self._longest = max(len(pattern) for found in self._by_start.values() for pattern, _ in found)
        starts = np.frombuffer(b"".join(self._by_start), dtype="<u2").reshape(-1, SHORTEST // 2)
        # Four tables of two-letter pairs leave few places to look at closely.
        self._pairs = np.zeros((SHORTEST // 2, 1 << 16), dtype=bool)
        for at in range(SHORTEST // 2):
            self._pairs[at, starts[:, at]] = True

    def search(self, content: bytes) -> set[Found]:
        """Return every word that stands in the content, in whichever form."""
        found: set[Found] = set()
        for start in range(0, len(content), _CHUNK):
            found |= self._search(content[start : start + _CHUNK + self._longest])
        return found

    def _search(self, content: bytes) -> set[Found]:
        if len(content) < SHORTEST:
            return set()
        octets = np.frombuffer(content, dtype=np.uint8).astype(np.uint16)
        pairs = octets[:-1] | octets[1:] << 8
        n_places = len(content) - SHORTEST + 1
        places = np.flatnonzero(self._pairs[0, pairs[:n_places]])
        for at in range(1, SHORTEST // 2):
            places = places[self._pairs[at, pairs[places + 2 * at]]]
        return {
            found
            for place in places.tolist()
            for pattern, found in self._by_start.get(content[place : place + SHORTEST], ())
            if content.startswith(pattern, place)
        }


def _forms(word: str) -> Iterator[tuple[str, bytes]]:
    cases = dict.fromkeys((word, word.upper(), word.lower(), word.title()))
    for text in cases:
        plain = text.encode()
        yield "plain", plain
        if not text.isascii():
            yield "cp1252", text.encode("cp1252")
        yield "UTF-16 LE", text.encode("utf-16-le")
        yield "UTF-16 BE", text.encode("utf-16-be")
        yield "hex", plain.hex().encode()
        yield "hex", plain.hex().upper().encode()
        for shift in range(3):
            yield "base64", _in_base64(plain, shift)
    yield "reversed", word[::-1].encode()


def _in_base64(plain: bytes, shift: int) -> bytes:
    """Return the letters that stand in base64 for `plain`, whatever stands before and after it."""
    first = -(-8 * shift // 6)
    last = 8 * (shift + len(plain)) // 6
    return base64.b64encode(b"\0" * shift + plain)[first:last]

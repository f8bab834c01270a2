"""Tell how a file's letters are written, from a sample of its bytes.

Each encoding must read the sample strictly; of those that can, the one is taken whose words look French.
General detectors were tried and are unfit for short French files: see docs/decisions/0012.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from earlywarn.tables.inspection.doubts import Doubt

SINGLE_BYTE = ("cp1252", "cp850", "mac_roman")
_BLOCK = 1 << 16
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f](?:[^\W\d_]|[^\x00-\x7f])*")
_CLEAR = 2.0
_MOST_WORDS = 5_000
# How usual each accented letter is in French names and words, as a cost: 0 for the most usual.
_COSTS = {
    **dict.fromkeys("é", 0.0),
    **dict.fromkeys("èàêçôîëï", 1.0),
    **dict.fromkeys("âûùœæüöÿñáíóúäòìãõå", 2.5),
}
_MARKS_IN_TEXT = "«»’‘“”–—…°€ºª²³½¼\u00a0\u202f"
_MARK_COST, _STRANGE_COST, _CASE_COST, _ALONE_COST = 2.0, 8.0, 5.0, 3.0
_TWICE = re.compile("\u00c3[\u0080-\u00bf]")


@dataclass(frozen=True)
class Encoding:
    """The encoding to declare, and what is not sure about it."""

    name: str
    doubts: tuple[Doubt, ...] = ()


def encoding_of(parts: Sequence[bytes]) -> Encoding:
    """Return the encoding of a file, given whole lines of its start and of other places.

    >>> encoding_of(["Montréal;Zoé".encode("cp1252")]).name, encoding_of(["Noël".encode("cp850")]).name
    ('cp1252', 'cp850')
    """
    for mark, name in _MARKS:
        if parts and parts[0].startswith(mark):
            return Encoding(name)
    sample = b"\n".join(parts)
    if (wide := _without_mark(sample)) is not None:
        return Encoding(wide)
    if sample.isascii():
        return Encoding("utf-8", (Doubt("plain_letters_only"),))
    try:
        text = sample.decode()
    except UnicodeDecodeError:
        return _single_byte(sample)
    return Encoding("utf-8", (Doubt("decoded_twice"),) if _TWICE.search(text) else ())


def _without_mark(sample: bytes) -> str | None:
    """Return the byte order of 16-bit text that does not say it: every other byte of plain text is 0."""
    even, odd = sample[:_BLOCK:2].count(0), sample[1:_BLOCK:2].count(0)
    half = min(len(sample), _BLOCK) // 2
    if half < 4 or max(even, odd) < 0.4 * half or min(even, odd) > 0.05 * half:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _single_byte(sample: bytes) -> Encoding:
    # Plain lines say nothing, and no letter's bytes go over the end of a line.
    told = b"\n".join(line for line in sample.split(b"\n") if not line.isascii())
    costs: dict[str, float] = {}
    for name in SINGLE_BYTE:
        try:
            costs[name] = _cost(told.decode(name))
        except UnicodeDecodeError:
            continue
    if not costs:
        return Encoding("cp1252", (Doubt("no_encoding"),))
    best, *others = sorted(costs, key=lambda name: costs[name])
    if _is_mostly_utf8(told):
        # Declared as UTF-8, an intake names the first line that is not.
        return Encoding("utf-8", (Doubt("mixed_encodings"),))
    near = ", ".join(name for name in others if costs[name] - costs[best] < _CLEAR)
    return Encoding(best, (Doubt("encodings_alike", chosen=best, others=near),) if near else ())


def _is_mostly_utf8(sample: bytes) -> bool:
    """Say whether most letters that are not plain stand in whole sequences of UTF-8."""
    kept = sample.decode(errors="ignore")
    n_sequences = len(kept) - len(kept.encode("ascii", "ignore"))
    n_lost = len(sample) - len(kept.encode())
    return n_sequences > n_lost


def _cost(text: str) -> float:
    """Return how strange the words with letters that are not plain are; each word counts once."""
    words = set()
    for found in _WORD.finditer(text):
        words.add(found.group())
        if len(words) >= _MOST_WORDS:
            break
    return sum(_word_cost(word) for word in words)


def _word_cost(word: str) -> float:
    cost = 0.0
    is_shouted = sum(letter.isupper() for letter in word if letter.isascii()) > 1
    for place, letter in enumerate(word):
        if letter.isascii():
            continue
        before, after = word[place - 1 : place], word[place + 1 : place + 2]
        if not letter.isalpha():
            is_inside = before.isalpha() and after.isalpha() and letter not in "’\u00a0"
            cost += _MARK_COST if letter in _MARKS_IN_TEXT and not is_inside else _STRANGE_COST
            continue
        cost += _COSTS.get(letter.lower(), _STRANGE_COST)
        if len(word) == 1 and letter not in "àÀ":
            cost += _ALONE_COST
        is_raised = letter.isupper() and (before.islower() or (before.isalpha() and after.islower()))
        if is_raised or (letter.islower() and is_shouted):
            cost += _CASE_COST
    return cost

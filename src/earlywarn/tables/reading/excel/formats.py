"""What an Excel number format makes of a number: a day, a time, a percentage, a code padded with zeros.

One job: the format's code in, its kind out. Colors, currencies and decimals shown change no value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["plain", "date", "time", "percent", "padded"]

_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]|(?P<plain>.)', re.S)
_GENERAL = re.compile("general", re.I)
_ELAPSED = re.compile(r"h+|m+|s+", re.I)
_CONDITION = re.compile(r"[<>=]")
_DATES = dict.fromkeys((14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd")
_TIMES = dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56), "hh:mm:ss")
BUILT_IN = {**_DATES, **_TIMES, 22: "yyyy-mm-dd hh:mm", 9: "0%", 10: "0.00%"}


@dataclass(frozen=True)
class Shown:
    """How a cell's number is shown.

    `pattern` holds a padded code's places from left to right: "0", "#" or "?" for a digit, and each mark
    between them behind an apostrophe.
    """

    kind: Kind = "plain"
    pattern: tuple[str, ...] = ()

    def padded(self, digits: str) -> str:
        """Write a whole number's digits as the pattern shows them.

        >>> Shown("padded", ("0", "0", "0")).padded("7")
        '007'
        >>> Shown("padded", ("0", "0", "0", "'-", "0", "0")).padded("12345678")
        '123456-78'
        """
        written: list[str] = []
        left = list(digits)
        n_places = sum(len(mark) == 1 for mark in self.pattern)
        for mark in reversed(self.pattern):
            if len(mark) > 1:
                written.append(mark[1:])
                continue
            n_places -= 1
            taken = left if n_places == 0 else left[-1:]
            written.append("".join(taken) or {"0": "0", "?": " "}.get(mark, ""))
            del left[len(left) - len(taken) :]
        return "".join(reversed(written))


PLAIN = Shown()


def shown_as(code: str) -> Shown:
    """Return what a format's code makes of a positive number.

    >>> shown_as("dd/mm/yyyy;@").kind, shown_as("[h]:mm").kind, shown_as("0.0%").kind
    ('date', 'time', 'percent')
    >>> shown_as("#,##0.00 [$$-C0C]").kind, shown_as('"Gr. "000').padded("7")
    ('plain', 'Gr. 007')
    """
    letters, marks, has_condition = "", [], False
    for token in _TOKEN.finditer(_GENERAL.sub("", code)):
        plain, bracket = token["plain"], token["bracket"]
        literal = token["quoted"] or token["escaped"]
        if plain == ";":
            break
        if bracket is not None:
            letters += bracket.lower() if _ELAPSED.fullmatch(bracket) else ""
            has_condition = has_condition or bool(_CONDITION.match(bracket))
        elif plain is not None:
            letters += plain.lower()
            marks.append(plain if plain in "0#?" else f"'{plain}")
        elif literal:
            marks.append(f"'{literal}")
    return _kind(letters, tuple(marks), has_condition=has_condition)


def _kind(letters: str, marks: tuple[str, ...], *, has_condition: bool) -> Shown:
    if "y" in letters or "d" in letters:
        return Shown("date")
    if "h" in letters or "s" in letters:
        return Shown("time")
    if "m" in letters:
        return Shown("date")
    if "%" in letters:
        return Shown("percent")
    is_code = letters.count("0") > 1 and not set(letters) & set(".,e/@")
    return Shown("padded", marks) if is_code and not has_condition else PLAIN

"""Write typed values as the text that the declared rules of an extract read back exactly.

For sources whose cells have types of their own: a workbook, a database. What no rule can write is refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.decoding import LOST, NUL, TWICE
from earlywarn.tables.reading.letters import was_decoded_twice

TIME_OF_DAY = "time_of_day"
NOT_A_DATE = "not_a_date"
Text = tuple[str, str | None]
_TIME = re.compile("%-?[HIMSfpTRX]")
_MIDNIGHT = time()
_TRUE, _FALSE = (
    ("true", "TRUE", "True", "VRAI", "Vrai", "1"),
    ("false", "FALSE", "False", "FAUX", "Faux", "0"),
)


@dataclass(frozen=True)
class Writing:
    """How one column of a source is written: its decimal mark, date formats, words for true and false."""

    decimal: str = "."
    formats: tuple[str, ...] = ("%Y-%m-%d",)
    true: str = "true"
    false: str = "false"

    def number(self, value: Decimal) -> str:
        """Write a number with all its digits and the declared decimal mark.

        >>> Writing(decimal=",").number(Decimal("72.5")), Writing().number(Decimal("1E+3"))
        ('72,5', '1000')
        """
        text = format(value, "f")
        return text.replace(".", self.decimal) if self.decimal != "." else text

    def moment(self, value: datetime) -> str | None:
        """Write a moment in a declared format, or None where none can: a time of day needs one that says it.

        Of several formats, the first is taken whose text no other would read as another day.

        >>> Writing(formats=("%d/%m/%Y",)).moment(datetime(2025, 4, 3))
        '03/04/2025'
        >>> Writing().moment(datetime(2025, 4, 3, 8, 30)) is None
        True
        """
        has_time = value.time() != _MIDNIGHT
        texts = [value.strftime(form) for form in self.formats if not has_time or _TIME.search(form)]
        clear = (text for text in texts if all(self._agrees(text, form, value) for form in self.formats))
        return next(clear, texts[0] if texts else None)

    @staticmethod
    def _agrees(text: str, form: str, value: datetime) -> bool:
        try:
            read = datetime.strptime(text, form)  # noqa: DTZ007 (a day as the declared format reads it)
        except ValueError:
            return True
        return read.date() == value.date()


def writings(extract: Extract) -> dict[str, Writing]:
    """Return how each mapped column of a source is to be written."""
    found: dict[str, Writing] = {}
    for name, source in extract.columns.items():
        # A column that gives several is written for the one whose rules are its own.
        if source.from_ is None or (source.from_ in found and not source.format):
            continue
        rule = extract.rule(name)
        formats = (rule.format,) if isinstance(rule.format, str) else rule.format
        found[source.from_] = Writing(
            decimal=rule.decimal or ".",
            formats=formats,
            true=next((word for word in _TRUE if word in rule.codes), "true"),
            false=next((word for word in _FALSE if word in rule.codes), "false"),
        )
    # A column that only says which rows are gone has no rule of its own.
    return {header: found.get(header, Writing(decimal=extract.decimal)) for header in extract.needed}


def columns_given(extract: Extract) -> dict[str, str]:
    """Return the contract's name of each mapped column of a source, the first where it gives several."""
    names: dict[str, str] = {}
    for name, source in extract.columns.items():
        if source.from_ is not None:
            names.setdefault(source.from_, name)
    return {header: names.get(header, header) for header in extract.needed}


def exact(text: str) -> Text:
    """Return a text with its accents as one letter each, or why it cannot be taken as it is.

    >>> exact("Zoe\u0301"), exact("Zo\u00c3\u00a9")
    (('Zo\u00e9', None), ('', 'decoded_twice'))
    """
    if "\0" in text:
        return "", NUL
    if text.isascii():
        return text, None
    if "\ufffd" in text:
        return "", LOST
    # An accent written apart is the same letter (Unicode Annex 15); codes and names must meet.
    return ("", TWICE) if was_decoded_twice(text) else (unicodedata.normalize("NFC", text), None)

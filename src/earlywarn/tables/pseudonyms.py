"""Replace the codes that name people by keyed pseudonyms: the same person is the same id in every table."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from earlywarn.tables.code_form import CodeForm
from earlywarn.tables.keyring import PSEUDONYM_KEY, read_key

LENGTH = 32


def pseudonym_of(code: str, *, keys: Path, form: CodeForm | None = None) -> str:
    """Return the pseudonym of one code, the same in every table and at every intake of the network."""
    return pseudonyms([code], keys=keys, form=form)[0]


def pseudonyms(codes: Sequence[str], *, keys: Path, form: CodeForm | None = None) -> list[str]:
    """Return the pseudonym of each code, in whatever declared way it is written."""
    form = form or CodeForm()
    return keyed_hashes([form.folded(code) for code in codes], read_key(keys, PSEUDONYM_KEY))


def keyed_hashes(folded: Sequence[str], key: bytes) -> list[str]:
    """Return the first 128 bits of each code's HMAC-SHA256, in hexadecimal."""
    return [hmac.digest(key, code.encode(), "sha256").hex()[:LENGTH] for code in folded]


@dataclass
class CodeBook:
    """The codes that an intake has met, in memory only: what each is folded to, and its pseudonym."""

    form: CodeForm
    key: bytes
    _known: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    _met: set[str] = field(default_factory=set)

    @classmethod
    def under(cls, keys: Path, form: CodeForm) -> CodeBook:
        """Return an empty book under the key in use."""
        return cls(form, read_key(keys, PSEUDONYM_KEY))

    def learn(self, codes: Collection[str | None]) -> None:
        """Fold the codes not met before, and compute their pseudonyms."""
        fresh = [code for code in dict.fromkeys(codes) if code is not None and code not in self._known]
        folded = [self.form.folded(code) for code in fresh]
        for code, one, pseudonym in zip(fresh, folded, keyed_hashes(folded, self.key), strict=True):
            self._known[code] = (one, pseudonym if self.form.fits(one) else None)

    def folded(self, code: str | None) -> str | None:
        """Return how every writing of a code is read."""
        return None if code is None else self._known[code][0]

    def pseudonyms(self, codes: Sequence[str | None]) -> list[str | None]:
        """Return each code's pseudonym; None where the text has not the form of a code."""
        found = [None if code is None else self._known[code][1] for code in codes]
        self._met.update(one for one in found if one is not None)
        return found

    def met(self) -> set[str]:
        """Return the pseudonyms given since this was last asked."""
        met, self._met = self._met, set()
        return met

    def codes_of(self, pseudonyms: Collection[str]) -> set[str]:
        """Return the folded codes of some pseudonyms."""
        return {folded for folded, pseudonym in self._known.values() if pseudonym in pseudonyms}

"""Say when two texts are the same code of the same person, before any of them becomes a pseudonym."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import field_validator

from earlywarn.declarations import Declared

NOT_A_CODE = "not_a_code"


class CodeForm(Declared):
    """How the codes that name people are written: `[network.pseudonyms]` of a contract.

    Without a declaration a code is what stands in the cell, letter by letter: two codes that differ by a
    letter's case may be two people.
    """

    fold: tuple[Literal["case", "spaces"], ...] = ()
    pattern: str | None = None

    @field_validator("pattern")
    @classmethod
    def _readable(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError("this is no regular expression") from error
        return pattern

    def folded(self, code: str) -> str:
        """Return a code as every writing of it is read.

        >>> CodeForm(fold=("case", "spaces")).folded("lavm 0101\u00a00203")
        'LAVM01010203'
        """
        if "spaces" in self.fold:
            code = "".join(code.split())
        return code.upper() if "case" in self.fold else code

    def fits(self, folded: str) -> bool:
        """Say whether a folded code has the declared form."""
        return self.pattern is None or re.fullmatch(self.pattern, folded) is not None

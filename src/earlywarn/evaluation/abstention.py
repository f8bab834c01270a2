"""Count who is not scored because too little is known of them: why, per grade, and where they are most.

A school whose records lag looks like a school without students in need: the sheet says where that may be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from earlywarn.domain import Language
from earlywarn.evaluation.arrays import Flags, Words, distinct

Sheet = Mapping[str, Any]

MOST_SCHOOLS = 5
FEWEST_ROWS = 10
"""A smaller school is not named: its share would speak of single students."""


@dataclass(frozen=True)
class AbstainedAt:
    """How many rows of one grade or school are not scored, of how many."""

    name: str
    n: int
    n_rows: int

    @property
    def share(self) -> float:
        """Return the share that is not scored."""
        return self.n / self.n_rows


@dataclass(frozen=True)
class AbstentionSheet:
    """Who is not scored: why, in how many schools, in which grades, and in which schools most."""

    because: Mapping[str, str]
    n: int
    n_students: int
    n_schools: int
    """Schools with anybody not scored."""
    n_all_schools: int
    by_grade: tuple[AbstainedAt, ...]
    most_in: tuple[AbstainedAt, ...]
    """The schools with the largest shares, the largest first; ids, and no school of fewer than ten rows."""


def abstention_sheet(
    enough: Flags, *, student: Words, school: Words, grade: Words, because: Mapping[str, str]
) -> AbstentionSheet | None:
    """Count the rows without enough data; None where there are none."""
    out = ~enough
    if not out.any():
        return None
    schools = [one for one in _counted(school, out) if one.n_rows >= FEWEST_ROWS]
    schools.sort(key=lambda one: (-one.share, -one.n, one.name))
    return AbstentionSheet(
        because=dict(because),
        n=int(out.sum()),
        n_students=int(distinct(student[out])[0].size),
        n_schools=int(distinct(school[out])[0].size),
        n_all_schools=int(distinct(school)[0].size),
        by_grade=tuple(one for one in _counted(grade, out) if one.name),
        most_in=tuple(schools[:MOST_SCHOOLS]),
    )


def _counted(words: Words, out: Flags) -> list[AbstainedAt]:
    """Count by word; words of which everybody is scored are left out."""
    names, place = distinct(words)
    n_rows = np.bincount(place, minlength=names.size)
    n = np.bincount(place, weights=out, minlength=names.size).astype(np.intp)
    return [
        AbstainedAt(str(name), int(some), int(every))
        for name, some, every in zip(names, n, n_rows, strict=True)
        if some
    ]


def abstention_lines(sheet: Sheet | None) -> list[str]:
    """Say it as lines of a text report, from a sheet read back."""
    if not sheet:
        return []
    lines = [
        f"not scored: {sheet['n']} rows of {sheet['n_students']} students, in {sheet['n_schools']} of "
        f"{sheet['n_all_schools']} schools, because {sheet['because']['en']}"
    ]
    for title, key in (("by grade", "by_grade"), ("most in", "most_in")):
        if told := [f"{one['name']} {one['n']} of {one['n_rows']}" for one in sheet[key]]:
            lines.append(f"  {title}: {'; '.join(told)}")
    return lines


def abstention_line(sheet: Sheet, language: Language) -> str:
    """Say it in one sentence of a card; the card names no school."""
    counts = {key: sheet[key] for key in ("n", "n_students", "n_schools", "n_all_schools")}
    return _SENTENCE[language].format(**counts, because=sheet["because"][language])


_SENTENCE: dict[Language, str] = {
    "fr": "Non évalués, faute de données\u00a0: {n_students} élèves ({n} lignes), dans {n_schools} écoles "
    "sur {n_all_schools}. Raison\u00a0: {because}.",
    "en": "Not scored, for lack of data: {n_students} students ({n} rows), in {n_schools} of {n_all_schools} "
    "schools. Reason: {because}.",
}

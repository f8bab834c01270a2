"""Marks of a school year, and the grade repetition that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earlywarn.synthetic import rates
from earlywarn.synthetic.arrays import Flags, Floats, Integers, chance

# How far into the year each term's marks are made.
_TERM_TIMES = np.array([0.2, 0.5, 0.9])
_TERM_WEIGHTS = np.array([0.2, 0.2, 0.6])
PASS_MARK = 60.0


@dataclass(frozen=True)
class TermMarks:
    """Marks out of 100: (students, subjects, terms), the final mark last."""

    values: Floats

    def final(self, subject: str) -> Floats:
        """Return the final marks in one subject."""
        return self.values[:, rates.SUBJECTS.index(subject), -1]

    def kept(self, mask: NDArray[Any]) -> TermMarks:
        """Return the marks of the students that `mask` selects."""
        return TermMarks(self.values[mask])


def sit_terms(
    *,
    grade: Integers,
    gifts: tuple[Floats, Floats, Floats],
    engagement: Floats,
    decline: Floats,
    leniency: Floats,
    generator: np.random.Generator,
) -> TermMarks:
    """Draw three terms and a final mark in each subject; decline shows more and more in the year."""
    ability, language, mathematics = gifts
    n, n_subjects = len(grade), len(rates.SUBJECTS)
    both = 0.5 * (language + mathematics)
    gift = np.stack([language, mathematics, language, both, both], axis=1)
    level = np.where(grade >= rates.FIRST_SECONDARY, 73.0, 77.0)
    personal = level + 6.5 * ability + 2.5 * engagement + leniency + generator.normal(0, 2.5, n)
    subject = personal[:, None] + 4.0 * gift + generator.normal(0, 2.0, (n, n_subjects))
    falling = -4.0 * decline[:, None, None] * _TERM_TIMES
    terms = subject[:, :, None] + falling + generator.normal(0, 4.0, (n, n_subjects, 3))
    terms = np.clip(np.rint(terms), 5, 100)
    final = np.rint(terms @ _TERM_WEIGHTS + generator.normal(0, 1.0, (n, n_subjects)))
    # Teachers lift many a 58 to the pass mark, as in every real distribution of marks.
    lifted = (final >= 57) & (final < PASS_MARK) & (generator.random((n, n_subjects)) < 0.6)
    final = np.clip(np.where(lifted, PASS_MARK, final), 5, 100)
    return TermMarks(np.concatenate([terms, final[:, :, None]], axis=2))


def repeats_grade(grade: Integers, marks: TermMarks, generator: np.random.Generator) -> Flags:
    """Draw who repeats the grade: rare in primary, after failed core subjects in secondary."""
    language, mathematics = marks.final("language"), marks.final("mathematics")
    shortfall = np.maximum(PASS_MARK - 0.5 * (language + mathematics), 0)
    primary = chance(-4.35 + 0.2 * shortfall)
    n_failed = (language < PASS_MARK).astype(np.int64) + (mathematics < PASS_MARK)
    secondary = np.array([0.004, 0.1, 0.4])[n_failed]
    share = np.where(grade >= rates.FIRST_SECONDARY, secondary, np.where(grade > 0, primary, 0.004))
    return generator.random(len(grade)) < share

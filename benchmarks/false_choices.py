"""Count how often something more complex than one column is chosen where nothing tells anything.

`python -m benchmarks.false_choices` draws five candidates of pure noise on inner splits of several designs,
has them chosen among as a training does, and prints how often anything but one column was taken, with the
interval of Wilson (1927); `FALSE_CHOICE` is what is promised. Candidates share some of their noise, as models
of the same columns do.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from scipy.stats import binomtest

from earlywarn.modeling.candidates import Fitting, Inner, prepare_to_tune
from earlywarn.modeling.choice import FALSE_CHOICE, choose
from earlywarn.modeling.halves import Halves, alike, halves_of
from earlywarn.modeling.matrix_rows import rows_of
from earlywarn.modeling.prepared import Prepared
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.splits import inner_splits, student_folds
from tests.builders.matrices import labeled_matrix

NAMES = ("one_column", "logistic", "lightgbm", "lightgbm_on_logistic", "blend")
TODAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Design:
    """How many students and schools, how they are split inside the past, and how alike the noise is."""

    n_students: int
    n_schools: int
    by_time: bool
    alike: float

    def rows(self, seed: int) -> tuple[LabeledRows, list[Prepared]]:
        """Draw labeled rows and their inner splits."""
        matrix = labeled_matrix(
            n_students=self.n_students, n_schools=self.n_schools, moments=("10-15",), seed=seed
        )
        rows = rows_of(matrix, groups=(), capacity_per=("school",), today=TODAY)
        everything = np.arange(rows.label.size)
        splits = (
            inner_splits(rows, everything, overlap="strict")
            if self.by_time
            else student_folds(rows, everything)
        )
        return rows, prepare_to_tune(rows, splits, most_rows=30_000)


DESIGNS = (
    Design(150, 16, by_time=True, alike=0.0),
    Design(150, 16, by_time=True, alike=0.7),
    Design(300, 20, by_time=True, alike=0.0),
    Design(300, 30, by_time=True, alike=0.5),
    Design(300, 16, by_time=False, alike=0.0),
    Design(300, 20, by_time=False, alike=0.0),
)


def noise(name: str, common: list[np.ndarray], alike_by: float, halves: Halves, seed: int) -> Inner:
    """Return a candidate that tells nothing, as tuning would hand it over."""
    # No generator of a name may be that of the labels, and a trailing zero is no other seed.
    generator = np.random.default_rng([seed, 1 + NAMES.index(name)])
    margins = [
        np.sqrt(alike_by) * one + np.sqrt(1 - alike_by) * generator.normal(size=one.size) for one in common
    ]
    told = alike(margins)
    return Inner(name, told.by_first, halves.risks(told.by_first), {}, told)


def is_false(design: Design, seed: int) -> bool:
    """Choose once among noise, and tell whether something complex was taken."""
    rows, splits = design.rows(seed)
    halves, generator = halves_of(rows, splits), np.random.default_rng([seed, 1 + len(NAMES)])
    common = [generator.normal(size=truth.size) for truth in halves.truths]
    inners = [noise(name, common, design.alike, halves, seed) for name in NAMES]
    return choose(inners, rows, splits, replace(Fitting(n_threads=1), seed=seed)).name != "one_column"


def main() -> None:
    """Print a line per design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=100)
    n_tries = parser.parse_args().tries
    print(f"promised: at most {FALSE_CHOICE:.0%}; {n_tries} tries each")
    n_all = 0
    for design in DESIGNS:
        n_false = sum(is_false(design, seed) for seed in range(n_tries))
        n_all += n_false
        split = "by time" if design.by_time else "folds"
        named = (
            f"{design.n_students} students, {design.n_schools} schools, {split}, noise alike {design.alike}"
        )
        print(f"{named}: {share(n_false, n_tries)}", flush=True)
    print(f"all: {share(n_all, n_tries * len(DESIGNS))}")


def share(n_false: int, n_tries: int) -> str:
    """Write a share with its interval."""
    low, high = binomtest(n_false, n_tries).proportion_ci(method="wilson")
    return f"{n_false / n_tries:.1%} [{low:.1%}, {high:.1%}]"


if __name__ == "__main__":
    main()

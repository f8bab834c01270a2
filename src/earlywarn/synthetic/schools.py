"""Invent the CSS and schools of a network: where they stand, how they mark, how they record."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from earlywarn.synthetic import rates
from earlywarn.synthetic.arrays import Flags, Floats, Integers

_PLACES = (
    "Érables", "Bouleaux", "Pins-Blancs", "Mélèzes", "Cèdres", "Saules", "Ormes", "Peupliers", "Sapins",
    "Goélands", "Hirondelles", "Grands-Ducs", "Bernaches", "Chardonnerets", "Colibris", "Huards", "Mésanges",
    "Rapides", "Cascades", "Ruisseaux", "Battures", "Coteaux", "Vallons", "Caps", "Plateaux", "Savanes",
    "Aurores", "Horizons", "Quatre-Vents", "Étoiles", "Explorateurs", "Navigateurs", "Pionniers", "Semeurs",
)  # fmt: skip
MAX_CSS = 72
_STUDENTS_PER_CSS = 7_000


@dataclass(frozen=True)
class Schools:
    """One entry per school; schools of a CSS stand together, primary first."""

    css: Integers
    is_secondary: Flags
    decile: Integers
    weight: Floats
    leniency: Floats
    excused_factor: Floats
    unexcused_factor: Floats
    late_factor: Floats
    excuses_share: Floats
    recording_delay: Integers
    gap_share: Floats
    n_css: int

    @cached_property
    def codes(self) -> list[str]:
        """Return the schools' six-digit codes; those of invented CSS start at 901."""
        positions = np.arange(len(self.css)) - np.searchsorted(self.css, self.css)
        return [f"{901_000 + 1_000 * css + 1 + at}" for css, at in zip(self.css, positions, strict=True)]

    @cached_property
    def css_codes(self) -> list[str]:
        """Return the six-digit codes of the CSS."""
        return [f"{901_000 + 1_000 * css}" for css in range(self.n_css)]

    @property
    def names(self) -> list[str]:
        """Return invented names, distinct within a CSS."""
        positions = np.arange(len(self.css)) - np.searchsorted(self.css, self.css)
        return [
            _school_name(int(css) * 7 + int(at), bool(secondary))
            for css, at, secondary in zip(self.css, positions, self.is_secondary, strict=True)
        ]

    @property
    def css_names(self) -> list[str]:
        """Return the invented names of the CSS."""
        return [f"Centre de services scolaire fictif {css + 1:02d}" for css in range(self.n_css)]

    @cached_property
    def deprivation(self) -> Floats:
        """Return the decile on a scale of mean 0 and deviation 1; more is more deprived."""
        return np.asarray((self.decile - 5.5) / 2.872, dtype=np.float64)


def invent_schools(n_students: int, generator: np.random.Generator) -> Schools:
    """Invent the schools of a network that enrolls about `n_students` in any year."""
    n_css = max(2, min(MAX_CSS, round(n_students / _STUDENTS_PER_CSS)))
    per_css = n_students / n_css
    n_primary = max(2, round(0.6 * per_css / rates.SCHOOL_SIZE_PRIMARY))
    n_secondary = max(2, round(0.4 * per_css / rates.SCHOOL_SIZE_SECONDARY))
    css = np.repeat(np.arange(n_css), n_primary + n_secondary)
    is_secondary = np.tile(np.r_[np.zeros(n_primary, bool), np.ones(n_secondary, bool)], n_css)
    n = len(css)
    place = 0.6 * generator.normal(size=n_css)[css] + 0.8 * generator.normal(size=n)
    return Schools(
        css=css,
        is_secondary=is_secondary,
        decile=_deciles(place, is_secondary),
        weight=generator.lognormal(0.0, 0.35, n),
        leniency=generator.normal(0.0, 1.5, n),
        excused_factor=generator.lognormal(0.0, 0.25, n),
        unexcused_factor=generator.lognormal(0.0, 0.45, n),
        late_factor=generator.lognormal(0.0, 0.6, n) * (generator.random(n) > 0.06),
        excuses_share=generator.beta(1.2, 6.0, n),
        recording_delay=generator.choice(3, n, p=[0.55, 0.25, 0.2]),
        gap_share=np.where(generator.random(n) < 0.12, 0.04, 0.004),
        n_css=n_css,
    )


def _deciles(place: Floats, is_secondary: Flags) -> Integers:
    """Rank the schools of each level, as the ministry does: the network stands for a whole province."""
    deciles = np.empty(len(place), np.int64)
    for level in (False, True):
        there = is_secondary == level
        rank = np.argsort(np.argsort(place[there], kind="stable"), kind="stable")
        deciles[there] = 10 * rank // len(rank) + 1
    return deciles


def _school_name(number: int, is_secondary: bool) -> str:
    place = _PLACES[number % len(_PLACES)]
    turn = number // len(_PLACES)
    kind = "École secondaire des" if is_secondary else "École primaire des"
    return f"{kind} {place}" + (f" {turn + 1}" if turn else "")

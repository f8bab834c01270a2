"""Give invented students a name and a code permanent, so that the identity door has something to keep.

The pool of names is Faker's for Québec; nobody is meant.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from earlywarn.errors import SettingsError
from earlywarn.synthetic.arrays import Days, Flags, Integers, rank_within


@dataclass(frozen=True)
class NamePool:
    """Names to draw from; given names are the girls' and then the boys'."""

    family: pa.Array[Any]
    given: pa.Array[Any]
    n_girls: int
    family_letters: NDArray[np.str_]
    given_letters: NDArray[np.str_]


@dataclass(frozen=True)
class Identities:
    """One entry per student; names point into the pool."""

    codes: NDArray[np.str_]
    family: Integers
    given: Integers
    births: Days

    @classmethod
    def none(cls) -> Identities:
        """Return the identities of nobody."""
        nobody = np.zeros(0, np.int64)
        return cls(np.zeros(0, "U12"), nobody, nobody, np.zeros(0, "datetime64[D]"))

    def extended(self, size: int) -> Identities:
        """Return the same with room for `size` students; those to come have an empty code."""
        more = size - len(self.codes)

        def longer(part: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate([part, np.zeros(more, part.dtype)])

        return Identities(longer(self.codes), longer(self.family), longer(self.given), longer(self.births))

    def at(self, positions: Integers) -> Identities:
        """Return the entries at some positions."""
        return Identities(
            self.codes[positions], self.family[positions], self.given[positions], self.births[positions]
        )

    def put(self, positions: Integers, others: Identities) -> None:
        """Enter others at some positions."""
        self.codes[positions] = others.codes
        self.family[positions] = others.family
        self.given[positions] = others.given
        self.births[positions] = others.births


@dataclass
class CodeRegister:
    """Keep how often each name and birth date was used, so that no two students share a code."""

    keys: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    counts: Integers = field(default_factory=lambda: np.empty(0, np.int64))

    def numbers(self, keys: Integers) -> Integers:
        """Return each key's next free number, and remember it as taken."""
        numbers = rank_within(keys)
        new, times = np.unique(keys, return_counts=True)
        place = np.searchsorted(self.keys, new)
        known = np.r_[self.keys, -1][place] == new
        taken = np.where(known, np.r_[self.counts, 0][place], 0)
        numbers += taken[np.searchsorted(new, keys)]
        self.counts[place[known]] += times[known]
        # Inserting keeps the keys sorted without sorting them again for every school year.
        self.keys = np.insert(self.keys, place[~known], new[~known])
        self.counts = np.insert(self.counts, place[~known], times[~known])
        return numbers


def name_pool() -> NamePool:
    """Load the pool of Québec names.

    Raises:
        SettingsError: Faker is not installed.
    """
    try:
        from faker.providers.person.fr_QC import Provider
    except ImportError as error:
        message = "the invented names come from Faker, which is not installed"
        raise SettingsError(message, todo="install earlywarn[demo]") from error
    family = list(dict.fromkeys(Provider.last_names))
    girls = list(dict.fromkeys(Provider.first_names_female))
    boys = list(dict.fromkeys(Provider.first_names_male))
    return NamePool(
        family=pa.array(family),
        given=pa.array(girls + boys),
        n_girls=len(girls),
        family_letters=np.array([_letters(name)[:3].ljust(3, "X") for name in family]),
        given_letters=np.array([_letters(name)[:1] for name in girls + boys]),
    )


def invent_identities(
    pool: NamePool, register: CodeRegister, *, is_girl: Flags, births: Days, generator: np.random.Generator
) -> Identities:
    """Invent names, and codes permanents of four letters and eight digits."""
    n = len(births)
    commonness = 1.0 / (np.arange(len(pool.family)) + 12.0)
    family = generator.choice(len(pool.family), size=n, p=commonness / commonness.sum())
    girls = generator.integers(0, pool.n_girls, n)
    boys = generator.integers(pool.n_girls, len(pool.given), n)
    given = np.where(is_girl, girls, boys)
    letters = np.char.add(pool.family_letters[family], pool.given_letters[given])
    digits = _birth_digits(births, is_girl)
    numbers = register.numbers(_letters_as_number(letters) * 1_000_000 + digits)
    tails = np.char.zfill((digits * 100 + numbers).astype("U8"), 8)
    return Identities(codes=np.char.add(letters, tails), family=family, given=given, births=births)


def _birth_digits(births: Days, is_girl: Flags) -> Integers:
    """Write birth dates as DDMMYY, girls' months raised by 50 as in the real code."""
    months = births.astype("datetime64[M]")
    day = (births - months.astype("datetime64[D]")).astype(np.int64) + 1
    month = months.astype(np.int64) % 12 + 1 + np.where(is_girl, 50, 0)
    year = births.astype("datetime64[Y]").astype(np.int64) + 1970
    digits: Integers = (day * 100 + month) * 100 + year % 100
    return digits


def _letters_as_number(letters: NDArray[np.str_]) -> Integers:
    points = letters.astype("U4").view(np.uint32).reshape(len(letters), 4).astype(np.int64) - ord("A")
    number: Integers = ((points[:, 0] * 26 + points[:, 1]) * 26 + points[:, 2]) * 26 + points[:, 3]
    return number


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.upper())
    return "".join(letter for letter in plain if "A" <= letter <= "Z")

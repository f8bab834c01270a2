"""A code permanent looks like one, and belongs to one student."""

from __future__ import annotations

import re

import numpy as np

from earlywarn.synthetic.names import CodeRegister, invent_identities, name_pool


def test_a_code_tells_name_birth_and_sex() -> None:
    """Three letters of the family name, one of the given, then DDMMYY with girls' months raised by 50."""
    pool = name_pool()
    births = np.array(["2012-03-07", "2011-12-31"], "datetime64[D]")

    found = invent_identities(
        pool,
        CodeRegister(),
        is_girl=np.array([True, False]),
        births=births,
        generator=np.random.default_rng(1),
    )

    assert re.fullmatch(r"[A-Z]{4}07531200", found.codes[0])
    assert re.fullmatch(r"[A-Z]{4}31121100", found.codes[1])
    assert pool.given[int(found.given[0])].as_py()[0] in found.codes[0][3] + "ÉÈ"


def test_no_two_students_share_a_code() -> None:
    """Twenty thousand students born on one day keep apart, chunk after chunk."""
    pool, register, generator = name_pool(), CodeRegister(), np.random.default_rng(1)
    births = np.full(4_000, np.datetime64("2012-03-07"))

    codes = [
        invent_identities(
            pool, register, is_girl=np.ones(4_000, bool), births=births, generator=generator
        ).codes
        for _ in range(5)
    ]

    assert len(np.unique(np.concatenate(codes))) == 20_000


def test_the_register_counts_on_where_it_stopped() -> None:
    """A key's numbers go on across calls: 0 and 1, then 2."""
    register = CodeRegister()
    first = register.numbers(np.array([5, 9, 5]))

    second = register.numbers(np.array([5, 1]))

    assert (first.tolist(), second.tolist()) == ([0, 0, 1], [2, 0])

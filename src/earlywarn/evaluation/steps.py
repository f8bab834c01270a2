"""Say which candidates are simpler than which: what a model costs a school to serve, explain and doubt."""

from __future__ import annotations

STEPS = {
    "rules": 0,
    "column_per_moment": 0,
    "one_column": 0,
    "logistic": 1,
    "lightgbm": 2,
    "lightgbm_on_logistic": 2,
    "blend": 2,
}
"""Trees in any form cost a school the same to serve and to explain."""


def simpler_than(name: str) -> frozenset[str]:
    """Return the candidates and baselines that are simpler; for one of a few columns, whatever is alike.

    >>> sorted(simpler_than("logistic")), "lightgbm" in simpler_than("blend")
    (['column_per_moment', 'one_column', 'rules'], False)
    >>> sorted(simpler_than("one_column"))
    ['column_per_moment', 'rules']
    """
    step = STEPS[name]
    return frozenset(one for one, own in STEPS.items() if own < step or (own == 0 and one != name))

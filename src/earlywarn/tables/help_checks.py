"""Check that no table leads around the rule that help is never a feature (docs/decisions/0018).

Indicators refuse a table that holds help; here no other table may look into one, count on it, or expect it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from earlywarn.declarations import Location

if TYPE_CHECKING:
    from earlywarn.tables.contract import Contract

HELP = "holds what staff do for a student, which is never a feature"


def help_problems(contract: Contract) -> Iterator[tuple[Location, str]]:
    """Find every way by which another table would show one that holds help."""
    helping = {name for name, table in contract.tables.items() if table.holds_help}
    if contract.network.membership in helping:
        yield ("network", "membership"), f"table '{contract.network.membership}' {HELP}"
    for name, table in contract.tables.items():
        at = ("tables", name)
        if table.exposure in helping:
            yield (*at, "exposure"), f"table '{table.exposure}' {HELP}"
        if table.expected is not None:
            for key, other in (("each", table.expected.each), ("match", table.expected.match)):
                if other in helping:
                    yield (*at, "expected", key), f"table '{other}' {HELP}"
        for column, declared in table.columns.items():
            for key, read in (("lookup", declared.lookup), ("origin", declared.origin)):
                other = (read or "").partition(".")[0]
                if other in helping and other != name:
                    yield (*at, "columns", column, key), f"table '{other}' {HELP}"

"""What was due to each unit, joined with what the unit did about it once that became visible."""

from __future__ import annotations

from earlywarn.tables.contract import Contract, Expected
from earlywarn.tables.expressions import quote

_SYSTEM = ("received_on", "backfill", "batch", "line")


def expected_sql(contract: Contract, expected: Expected) -> str:
    """Return the statement of an expected table's versions.

    A row is visible from the day it was due (`known_on`); before the unit's row of `match` is visible its
    columns are null, afterwards a second version of the row carries them.
    """
    each, match = contract.tables[expected.each], contract.tables[expected.match]
    unit = contract.network.unit
    shared = [name for name in unit if name in each.stored]
    by = [name for name in dict.fromkeys((*unit, *each.key_columns)) if name in match.stored]
    extra = [name for name in match.stored if name not in each.stored and name not in unit]
    own = [name for name in each.stored if name not in unit]
    units = ", ".join(map(quote, unit))
    dues = ", ".join(f"e.{quote(name)}" for name in own)
    members = ", ".join(f"u.{quote(name)}" for name in unit)
    system = ", ".join(f"e.{name}" for name in _SYSTEM)
    on_units = " AND ".join(f"e.{quote(n)} = u.{quote(n)}" for n in shared) or "TRUE"
    on_match = " AND ".join(f"d.{quote(n)} = m.{quote(n)}" for n in by)
    done = "".join(f", m.{quote(name)}" for name in extra)
    undone = "".join(f", CAST(NULL AS {match.stored[name].sql_type}) AS {quote(name)}" for name in extra)
    kept = ", ".join(["d." + quote(n) for n in (*own, *unit)])
    ends = ", ".join(f"d.{name}" for name in _SYSTEM)
    order = ", ".join(quote(name) for name in contract.columns_of_expected(expected))
    return (
        f"WITH units AS (SELECT {units}, min(visible_from) AS visible_from "
        f"FROM versions.{quote(contract.network.membership)} GROUP BY {units}), "
        f"due AS (SELECT {dues}, {members}, greatest(e.visible_from, u.visible_from, "
        f"e.{quote(expected.known_on)}) AS opens, e.superseded_on AS closes, {system} "
        f"FROM versions.{quote(expected.each)} e JOIN units u ON {on_units} "
        f"WHERE e.{quote(expected.known_on)} IS NOT NULL), "
        f"seen AS (SELECT {', '.join(map(quote, by))}, min(visible_from) AS first_seen "
        f"FROM versions.{quote(expected.match)} GROUP BY ALL), "
        f"pieces AS ("
        f"SELECT {kept}{done}, greatest(d.opens, m.visible_from) AS visible_from, "
        f"least(d.closes, m.superseded_on) AS superseded_on, {ends} "
        f"FROM due d JOIN versions.{quote(expected.match)} m ON {on_match} "
        f"UNION ALL SELECT {kept}{undone}, d.opens, least(d.closes, m.first_seen), {ends} "
        f"FROM due d LEFT JOIN seen m ON {on_match}) "
        f"SELECT {order}, visible_from, superseded_on, {', '.join(_SYSTEM)} FROM pieces "
        f"WHERE superseded_on IS NULL OR visible_from < superseded_on"
    )

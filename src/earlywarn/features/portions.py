"""Build the matrix of a large network portion by portion, so that memory does not grow with the network.

A portion is everybody who was enrolled at some of the schools. Whoever is compared with another stands
in the same portion on that date, every fact of a unit is there, and sums are exact: the whole has the same
values as a matrix built at once, to the last bit, whatever the number of portions. Columns are kept in the
narrowest float type that holds each of their values exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from earlywarn.domain import Progress, no_progress
from earlywarn.features.asof import is_there
from earlywarn.features.cohort import CohortSpec
from earlywarn.features.keeping import school_name
from earlywarn.features.matrix import Matrix
from earlywarn.features.moments import Tables
from earlywarn.tables import Contract, parse_expression, quote

MOST_MEMBERSHIPS = 150_000
"""Rows of the membership table, of schools that the cohort may be in, that one portion takes in."""


@dataclass(frozen=True)
class Portion:
    """Some schools, and every student who was enrolled at one of them: ever, or on some days."""

    schools: tuple[str, ...]
    students: pa.Array[Any]


def portions_of(
    tables: Tables,
    contract: Contract,
    cohorts: Sequence[CohortSpec],
    *,
    on: Sequence[date] = (),
    most: int = MOST_MEMBERSHIPS,
) -> list[Portion]:
    """Cut the schools that cohorts may be in into portions; an empty list says that all is built at once.

    That is so where the network is small, and where somebody is compared or counted across schools: ranks,
    facts due to units, a cohort that leaves units out.

    Args:
        tables: The network's tables.
        contract: What they hold.
        cohorts: Who is scored or learned from.
        on: The as-of dates that matter: memberships that were open on none of them are not looked at. By
            default all of them are.
        most: Rows of the membership table, of those looked at, that a portion takes in, to about a school.
    """
    network = contract.network
    across = (
        network.ranked_among
        or any(cohort.without for cohort in cohorts)
        or (network.peers and network.school not in network.peers)
    )
    derived = any(table.expected is not None for table in contract.tables.values())
    if across or derived or network.school in contract.reveals(network.membership):
        return []
    school, member = school_name(contract), f"versions.{quote(network.membership)}"
    some = " OR ".join(_may_be_of_the_cohort(contract, cohort) for cohort in cohorts)
    there = _there(contract, on)
    counted = tables.connection.execute(
        f"SELECT {school} AS school, count(*) FROM {member} WHERE {there} GROUP BY ALL "
        f"HAVING bool_or({some}) ORDER BY school"
    ).fetchall()
    total = sum(n for _, n in counted)
    if total <= most:
        return []
    # Equally large, so that those who work on them end together: a school stands where its middle row does.
    n_portions, before = -(-total // most), 0
    cut: list[list[str]] = [[] for _ in range(n_portions)]
    for name, n in counted:
        cut[(2 * before + n) * n_portions // (2 * total)].append(name)
        before += n
    found = [schools for schools in cut if schools]
    students = _students(tables, contract, found, there)
    return [Portion(tuple(schools), some) for schools, some in zip(found, students, strict=True)]


def _may_be_of_the_cohort(contract: Contract, cohort: CohortSpec) -> str:
    """Return SQL that is true of every membership row that may make its unit one of the cohort."""
    membership = contract.network.membership
    if cohort.where is None:
        return "TRUE"
    expression = parse_expression(cohort.where, contract.types_of(membership), kind="boolean")
    # A column that is revealed later than its row is empty at first, and may then meet another condition.
    late = set(expression.columns) & contract.reveals(membership).keys()
    return "TRUE" if late else f"coalesce({expression.sql}, FALSE)"


def _there(contract: Contract, on: Sequence[date]) -> str:
    """Return SQL that is true of every membership row, of any version, that was open on one of some days."""
    starts_on, left_on = quote(contract.network.starts_on), quote(contract.network.left_on)
    # A version that a date did not know yet brings too many in, and nobody is missed.
    return " OR ".join(is_there(starts_on, left_on, f"DATE '{day}'") for day in sorted(set(on))) or "TRUE"


def _students(
    tables: Tables, contract: Contract, portions: Sequence[Sequence[str]], there: str
) -> list[pa.Array[Any]]:
    """Return everybody who was enrolled at some schools, for each of several, in one pass."""
    student, member = quote(contract.network.student), f"versions.{quote(contract.network.membership)}"
    places = [(school, place) for place, schools in enumerate(portions) for school in schools]
    with tables.connection.cursor() as connection:
        connection.register(
            "_places", pa.table({"school": [one for one, _ in places], "place": [one for _, one in places]})
        )
        found = connection.sql(
            f"SELECT DISTINCT place, {student} AS student FROM {member} "
            f"JOIN _places ON school = {school_name(contract)} WHERE {there} ORDER BY ALL"
        ).to_arrow_table()
        connection.unregister("_places")
    ends = np.searchsorted(found["place"].to_numpy(), np.arange(len(portions) + 1)).tolist()
    return [found["student"].slice(first, last - first).combine_chunks() for first, last in pairwise(ends)]


def build_by_portions(
    portions: Sequence[Portion],
    build: Callable[[Portion], Matrix],
    *,
    unit: Sequence[str],
    progress: Progress = no_progress,
) -> Matrix:
    """Build each portion, and put them together in the frozen order; no peer snapshot is kept."""
    parts, columns = [], _Columns()
    for place, portion in enumerate(portions):
        progress("features", place, len(portions))
        parts.append(columns.taken_from(build(portion)))
    progress("features", len(portions), len(portions))
    rows = pa.concat_tables([part.rows for part in parts])
    order = frozen_order(rows, unit)
    labels = [part.labels for part in parts if part.labels is not None]
    return replace(
        parts[0],
        rows=rows.take(order).combine_chunks(),
        features=columns.joined(order),
        codes=pa.concat_tables([part.codes for part in parts]).take(order).combine_chunks(),
        labels=pa.concat_tables(labels).take(order).combine_chunks() if labels else None,
        groups=pa.concat_tables([part.groups for part in parts]).take(order).combine_chunks(),
    )


def frozen_order(rows: pa.Table, unit: Sequence[str]) -> np.ndarray:
    """Return the places of rows by unit, then as-of date, then period: the order of a matrix."""
    keys = [_ranks(rows["period"]), rows["as_of"].to_numpy().astype("datetime64[D]").astype(np.int32)]
    return np.lexsort((*keys, *(_ranks(rows[name]) for name in reversed(unit))))


def _ranks(words: pa.ChunkedArray[Any]) -> np.ndarray:
    """Return each word's place among the distinct ones, sorted by their bytes as DuckDB sorts them."""
    encoded = words.combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    rank = np.empty(len(names), dtype=np.int32)
    rank[sorted(range(len(names)), key=lambda place: str(names[place]).encode())] = np.arange(len(names))
    return np.asarray(rank[encoded.indices.to_numpy(zero_copy_only=False)])


class _Columns:
    """Columns that come in parts; each is joined alone, so that only one stands in memory twice."""

    def __init__(self) -> None:
        self._parts: dict[str, list[np.ndarray]] = {}

    def taken_from(self, part: Matrix) -> Matrix:
        """Take a part's features over, and return what else it holds."""
        for name in part.features.column_names:
            self._parts.setdefault(name, []).append(narrowed(part.features[name].to_numpy()))
        # Not an empty slice of each: that would hold on to every value.
        no_features, no_peers = (table.schema.empty_table() for table in (part.features, part.peers))
        return replace(part, features=no_features, peers=no_peers)

    def joined(self, order: np.ndarray) -> pa.Table:
        names, found = list(self._parts), []
        for name in names:
            parts = self._parts.pop(name)
            kind = np.result_type(*(part.dtype for part in parts))
            found.append(pa.array(np.concatenate(parts, dtype=kind)[order]))
        return pa.table(dict(zip(names, found, strict=True)))


def narrowed(column: np.ndarray) -> np.ndarray:
    """Return a column in the narrowest float type that holds each of its values exactly.

    >>> narrowed(np.array([3.0, 0.25, np.nan])).dtype, narrowed(np.array([1 / 3])).dtype
    (dtype('float16'), dtype('float64'))
    """
    for kind in (np.float16, np.float32):
        with np.errstate(over="ignore"):
            small = column.astype(kind)
        if np.array_equal(small.astype(np.float64), column, equal_nan=True):
            return np.asarray(small)
    return column.copy()

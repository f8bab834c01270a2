"""The exact parts that features are computed from, each aggregated once.

Facts are first added up by pair and by the set of windows they lie in, then over those sets: a fact is looked
at once however many windows count it. Sums are of DECIMAL or integer, so that neither step depends on any
order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from earlywarn.features.windows import Window

# How an aggregate over facts is added up over disjoint sets of facts.
_AGAIN = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}


@dataclass
class Parts:
    """Collect what a table's features need, each once, under short readable names.

    Attributes:
        computed: Columns of the history: what matches (`match_1`) and the value where it matches
        (`amount_1`). aggregates: Aggregates over facts, by name. sums: Aggregates of those over the sets of
        windows, by name. open_ended: Those of the aggregates that windows without a limit need. windows: The
        windows, in the order of their bits.
    """

    computed: dict[str, str] = field(default_factory=dict)
    aggregates: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    open_ended: dict[str, str] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)

    def match(self, matching: str) -> str:
        """Return the column that is 1 where a fact matches, and empty elsewhere."""
        if matching == "TRUE":
            return "1"
        return self._named(self.computed, "match", f"CASE WHEN {matching} THEN 1::UTINYINT END")

    def amount(self, matching: str, value: str) -> str:
        """Return the column that is the value where a fact matches, and empty elsewhere."""
        sql = value if matching == "TRUE" else f"CASE WHEN {matching} THEN {value} END"
        return self._named(self.computed, "amount", sql)

    def column(self, kind: str, sql: str) -> str:
        """Return the name of a further column computed from a fact."""
        return self._named(self.computed, kind, sql)

    def add(self, function: str, argument: str, window: Window, *, is_small: bool = False) -> str:
        """Return the name of an aggregate (count, sum, min or max) over the facts of a window.

        A count or a sum over no facts is 0. The sum of small numbers is kept in 64 bits, of others in 128.
        """
        kind = "::INTEGER" if function == "count" else "::BIGINT" if is_small and function == "sum" else ""
        of_set = f"{function}({argument}){kind}"
        if function == "sum":
            of_set = f"coalesce({of_set}, 0)"
        of_set, aggregate = self._named(self.aggregates, "of_set", of_set), of_set
        if window.is_open_ended:
            self.open_ended[of_set] = aggregate
        # A condition inside the sum, and a number where it fails, cost half of a filter around it.
        otherwise = " ELSE 0" if _AGAIN[function] == "sum" else ""
        within = f"CASE WHEN _windows & {self._bit(window)} > 0 THEN {of_set}{otherwise} END"
        return self._named(self.sums, "part", f"{_AGAIN[function]}({within})")

    def _bit(self, window: Window) -> int:
        if window not in self.windows:
            self.windows.append(window)
        return 1 << self.windows.index(window)

    @property
    def window_set(self) -> str:
        """Return SQL of the set of windows a fact lies in, one bit each."""
        return self._set_of(self.windows)

    @property
    def open_window_set(self) -> str:
        """Return SQL of the set of windows without a limit that a fact lies in."""
        return self._set_of([window for window in self.windows if window.is_open_ended])

    def _set_of(self, windows: Iterable[Window]) -> str:
        return _sum_of(f"CASE WHEN {one.condition} THEN {self._bit(one)} ELSE 0 END" for one in windows)

    @staticmethod
    def _named(known: dict[str, str], kind: str, sql: str) -> str:
        for name, other in known.items():
            if other == sql:
                return name
        name = f"{kind}_{len(known) + 1}"
        known[name] = sql
        return name


def _sum_of(terms: Iterable[str]) -> str:
    return "(" + "\n    + ".join(terms) + ")"

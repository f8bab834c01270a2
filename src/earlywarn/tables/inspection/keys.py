"""Find the few columns that together name a row, in the rows looked at."""

from __future__ import annotations

from collections.abc import Mapping

from earlywarn.tables.inspection.profile import profile_of
from earlywarn.tables.inspection.sample import Sample

_ORDER = {"id": 0, "date": 1, "category": 2, "boolean": 3, "integer": 4, "number": 5}
_MEASURES = ("integer", "number")
_MOST, _CANDIDATES, _FEW = 4, 8, 30


def key_of(sample: Sample, columns: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of a smallest set of columns that never repeats, ids first; empty where there is none.

    Args:
        sample: The rows looked at.
        columns: The header of each column that may be part of a key, by its name.
    """
    # A row that is repeated cell by cell is dropped by an intake, so it speaks against no key.
    rows = list(dict.fromkeys(sample.rows))
    texts = {name: [row[sample.header.index(header)] for row in rows] for name, header in columns.items()}
    kinds = {name: profile_of(columns[name], given).kind for name, given in texts.items() if all(given)}
    candidates = sorted(
        # Half a year may tell rows apart; a mark with many values does so by chance.
        (n for n, k in kinds.items() if k in _ORDER and (k != "number" or len(set(texts[n])) <= _FEW)),
        key=lambda name: (_ORDER[kinds[name]], -len(set(texts[name]))),
    )[:_CANDIDATES]
    n_rows = len(rows)
    chosen: list[str] = []
    while candidates and n_rows and len(chosen) < _MOST:
        sizes = {
            name: len(set(zip(*(texts[n] for n in (*chosen, name)), strict=True))) for name in candidates
        }
        best = max(candidates, key=lambda name: sizes[name])
        if kinds[best] in _MEASURES and not chosen:
            return ()
        chosen.append(best)
        candidates.remove(best)
        if sizes[best] == n_rows:
            return tuple(name for name in columns if name in chosen)
    return ()

"""Exact TreeSHAP as table look-ups: compile trees once, then read each row's attributions.

The module stands alone: give it the text of any LightGBM binary or regression model with numeric splits
(`read_trees`), compile it (`compile_trees`), and `LeafTables.attributions` equals LightGBM's
`predict(pred_contrib=True)` within rounding. It needs numpy and nothing else; see docs/explanations.md.

Derivation. Path-dependent TreeSHAP (Lundberg, Erion & Lee 2018, "Consistent individualized feature
attribution for tree ensembles") gives each feature its Shapley value in the game

    v(S) = what the tree answers on average when only the features of S are known,

where at a split on an unknown feature both sides are taken, weighted by their share of the training rows.
A tree is a sum over its leaves, Shapley values are linear in the game, so leaves can be treated one by one.
Along the path to a leaf with value c, merge the splits of each feature into one condition (an interval, and
whether a missing value passes). Let d be the number of distinct features, o_j = 1 if the row meets the
condition of feature j and 0 if not, and z_j the product of the shares of rows that took the leaf's side at
the splits on j. Then

    v(S) = c * prod_{j in S} o_j * prod_{j not in S} z_j,

a game that depends on the row through the d bits o_j alone. So there are 2^d possible attribution vectors
per leaf, and they can be tabulated before any row is seen (the idea behind Fast TreeSHAP v2, Yang 2021,
and WOODELF, Nadel & Wettenstein 2025). Each is computed from the integral form of the Shapley value: if every
feature other than j enters S independently with probability t, averaging over t in [0, 1] gives the Shapley
weights exactly, hence

    phi_j = c * (o_j - z_j) * integral over t of prod_{k != j} ((1 - t) * z_k + t * o_k).

The integrand is a polynomial of degree d - 1 with factors that are never negative, so Gauss-Legendre
quadrature with ceil(d / 2) nodes is exact, and nothing cancels. The base value is sum over leaves of
c * prod z_j; base plus attributions is the score, for free.

A leaf with more than `max_bits` features would need too large a table; it keeps c and z, and the same formula
runs at reading time: slower, and equal to the last bit. Sums run in an order fixed by the model, whatever the
number of rows read at once, so one row and a million give the same bits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from earlywarn.errors import DamagedModelError
from earlywarn.scoring.trees import Flags, Floats, Integers, Tree

MAX_BITS = 12
MAX_BYTES = 64 * 2**20
_BLOCK_ELEMENTS = 2**17
_BITS_OF_A_BYTE = 8

Anything = npt.NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class LeafClass:
    """All leaves whose paths name the same number of features, `width`; one leaf a row."""

    conditions: Integers
    """Index of each feature's condition in the tables' list, (leaves, width)."""
    value: Floats
    ratio: Floats
    """The share z of each feature, (leaves, width)."""
    table: Floats | None
    """Attributions by leaf and pattern, (leaves * 2**width, width); None for leaves too wide for one."""

    @property
    def width(self) -> int:
        """The number of features on each of the paths."""
        return int(self.conditions.shape[1])


@dataclass(frozen=True, eq=False)
class LeafTables:
    """A model's trees, compiled; the attributions of any row are read from it."""

    n_features: int
    base: float
    """What the trees answer when nothing is known of a row."""
    feature: Integers
    low: Floats
    """A row meets a condition if not x <= low (NaN: no lower end) and x <= high."""
    high: Floats
    missing: Flags
    """Whether a missing value meets the condition."""
    classes: tuple[LeafClass, ...]
    _slots: Integers = field(init=False, repr=False)
    _order: Integers = field(init=False, repr=False)
    _starts: Integers = field(init=False, repr=False)
    _columns: Integers = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Order the look-ups by feature, so that each feature's sum is one run."""
        nothing = np.zeros(0, dtype=np.int64)
        slots = np.concatenate([nothing, *(leaves.conditions.T.ravel() for leaves in self.classes)])
        read = np.concatenate([nothing, *(leaves.conditions.ravel() for leaves in self.classes)])
        order = np.argsort(self.feature[read], kind="stable")
        used, starts = np.unique(self.feature[read][order], return_index=True)
        object.__setattr__(self, "_slots", slots)
        object.__setattr__(self, "_order", order)
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_columns", used)

    def attributions(self, rows: Floats) -> Floats:
        """Return each feature's share of each row's score, (rows, features).

        Base plus a row's attributions is its raw score.
        """
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise ValueError(f"rows have shape {rows.shape}, the model has {self.n_features} features")
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        answer = np.zeros(rows.shape)
        if not self._order.size:
            return answer
        block = max(1, _BLOCK_ELEMENTS // self._order.size)
        for start in range(0, len(rows), block):
            answer[start : start + block] = self._read(rows[start : start + block])
        return answer

    def _read(self, rows: Floats) -> Floats:
        bits = np.take(self._met(rows), self._slots, axis=1).view(np.uint8)
        parts, at = [], 0
        for leaves in self.classes:
            n_leaves, width = leaves.conditions.shape
            facts = bits[:, at : at + n_leaves * width].reshape(len(rows), width, n_leaves)
            parts.append(_look_up(leaves, facts).reshape(len(rows), -1))
            at += n_leaves * width
        by_feature = np.take(np.concatenate(parts, axis=1), self._order, axis=1)
        answer = np.zeros(rows.shape)
        answer[:, self._columns] = np.add.reduceat(by_feature, self._starts, axis=1)
        return answer

    def _met(self, rows: Floats) -> Flags:
        values = np.take(rows, self.feature, axis=1)
        met = values <= self.high
        met &= ~(values <= self.low)
        met |= np.isnan(values) & self.missing
        return met

    def to_arrays(self) -> dict[str, Anything]:
        """Return the tables as plain named arrays, fit for a file without pickle."""
        arrays: dict[str, Anything] = {
            "shape": np.array([self.n_features, len(self.classes)]),
            "base": np.array([self.base]),
            "feature": self.feature,
            "low": self.low,
            "high": self.high,
            "missing": self.missing,
        }
        for number, leaves in enumerate(self.classes):
            arrays[f"conditions_{number}"] = leaves.conditions
            arrays[f"value_{number}"] = leaves.value
            arrays[f"ratio_{number}"] = leaves.ratio
            if leaves.table is not None:
                arrays[f"table_{number}"] = leaves.table
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> LeafTables:
        """Take the tables back from plain arrays.

        Raises:
            DamagedModelError: An array is missing or does not fit the others.
        """
        try:
            n_features, n_classes = (int(number) for number in np.asarray(arrays["shape"], dtype=np.int64))
            tables = cls(
                n_features=n_features,
                base=float(np.asarray(arrays["base"], dtype=np.float64)[0]),
                feature=np.asarray(arrays["feature"], dtype=np.int64),
                low=np.asarray(arrays["low"], dtype=np.float64),
                high=np.asarray(arrays["high"], dtype=np.float64),
                missing=np.asarray(arrays["missing"], dtype=np.bool_),
                classes=tuple(_class_from(arrays, number) for number in range(n_classes)),
            )
            _check(tables)
        except (KeyError, ValueError, IndexError) as error:
            raise DamagedModelError(
                "the leaf tables do not fit together", todo="publish the model again"
            ) from error
        return tables


def compile_trees(
    trees: Sequence[Tree],
    n_features: int,
    *,
    scale: float = 1.0,
    max_bits: int = MAX_BITS,
    max_bytes: int = MAX_BYTES,
) -> LeafTables:
    """Compile trees into tables from which exact attributions are read.

    Args:
        trees: The trees, whose scores are summed.
        n_features: Number of columns of the rows to come.
        scale: Factor on every leaf (one over the number of seeds averaged).
        max_bits: Leaves on more distinct features than this are computed when read, without a table.
        max_bytes: The widest leaves go without a table until all tables fit in this size.
    """
    by_width: dict[int, list[_Leaf]] = defaultdict(list)
    conditions: dict[_Condition, int] = {}
    base = 0.0
    for tree in trees:
        for leaf in _leaves(tree, scale, conditions):
            base += leaf.value * float(np.prod(leaf.ratio))
            if leaf.conditions:
                by_width[len(leaf.conditions)].append(leaf)
    limit = _bits_within(by_width, max_bits, max_bytes)
    classes = tuple(_leaf_class(by_width[width], with_table=width <= limit) for width in sorted(by_width))
    columns = list(zip(*conditions, strict=True)) or [(), (), (), ()]
    return LeafTables(
        n_features=n_features,
        base=base,
        feature=np.array(columns[0], dtype=np.int64),
        low=np.array([np.nan if low is None else low for low in columns[1]], dtype=np.float64),
        high=np.array(columns[2], dtype=np.float64),
        missing=np.array(columns[3], dtype=np.bool_),
        classes=classes,
    )


_Condition = tuple[int, float | None, float, bool]


@dataclass(frozen=True)
class _Leaf:
    value: float
    conditions: tuple[int, ...]
    ratio: tuple[float, ...]


def _leaves(tree: Tree, scale: float, known: dict[_Condition, int]) -> list[_Leaf]:
    """Walk every path, merging the splits of each feature into one condition and one share."""
    found: list[_Leaf] = []
    root = 0 if len(tree.feature) else -1
    waiting: list[tuple[int, dict[int, tuple[_Condition, float]]]] = [(root, {})]
    while waiting:
        node, path = waiting.pop()
        if node < 0:
            numbers = tuple(known.setdefault(condition, len(known)) for condition, _ in path.values())
            ratios = tuple(ratio for _, ratio in path.values())
            found.append(_Leaf(float(tree.leaf_value[-1 - node]) * scale, numbers, ratios))
            continue
        feature = int(tree.feature[node])
        (_, low, high, missing), ratio = path.get(feature, ((feature, None, np.inf, True), 1.0))
        threshold, missing_left = float(tree.threshold[node]), bool(tree.missing_left[node])
        left: _Condition = (feature, low, min(high, threshold), missing and missing_left)
        right_low = threshold if low is None else max(low, threshold)
        right: _Condition = (feature, right_low, high, missing and not missing_left)
        for child, condition in ((int(tree.right[node]), right), (int(tree.left[node]), left)):
            share = float(_count(tree, child) / tree.node_count[node])
            waiting.append((child, {**path, feature: (condition, ratio * share)}))
    return found


def _count(tree: Tree, node: int) -> np.float64:
    count: np.float64 = tree.leaf_count[-1 - node] if node < 0 else tree.node_count[node]
    return count


def _bits_within(by_width: Mapping[int, Sequence[_Leaf]], max_bits: int, max_bytes: int) -> int:
    """Return the largest width, up to `max_bits`, whose tables together with all narrower ones fit."""
    total, limit = 0, 0
    for width in sorted(by_width):
        total += len(by_width[width]) * width * 2**width * 8
        if width > max_bits or total > max_bytes:
            break
        limit = width
    return limit


def _leaf_class(leaves: Sequence[_Leaf], *, with_table: bool) -> LeafClass:
    conditions = np.array([leaf.conditions for leaf in leaves], dtype=np.int64)
    value = np.array([leaf.value for leaf in leaves], dtype=np.float64)
    ratio = np.array([leaf.ratio for leaf in leaves], dtype=np.float64)
    table = _tabulate(value, ratio) if with_table else None
    return LeafClass(conditions, value, ratio, table)


def _tabulate(value: Floats, ratio: Floats) -> Floats:
    """Return the attributions of every pattern of every leaf, (leaves * 2**width, width)."""
    width = ratio.shape[1]
    patterns = (np.arange(2**width)[:, None] >> np.arange(width)) & 1
    met = patterns.astype(np.float64)
    block = max(1, 2**20 // met.size)
    parts = [
        _shapley(value[at : at + block, None], ratio[at : at + block, None, :], met[None])
        for at in range(0, len(value), block)
    ]
    return np.concatenate(parts).reshape(-1, width)


def _shapley(value: Floats, ratio: Floats, met: Floats) -> Floats:
    """Return the Shapley values of leaf games by quadrature; the last axis is the leaf's features."""
    width = ratio.shape[-1]
    nodes, weights = np.polynomial.legendre.leggauss((width + 1) // 2)
    total = np.zeros(np.broadcast_shapes(ratio.shape, met.shape))
    for t, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        factor = (1 - t) * ratio + t * met
        others = np.ones_like(total)
        before = np.ones(total.shape[:-1])
        after = np.ones(total.shape[:-1])
        for k in range(width):
            others[..., k] *= before
            others[..., width - 1 - k] *= after
            before = before * factor[..., k]
            after = after * factor[..., width - 1 - k]
        total += weight * others
    return np.asarray(value[..., None] * (met - ratio) * total, dtype=np.float64)


def _look_up(leaves: LeafClass, facts: npt.NDArray[np.uint8]) -> Floats:
    """Return the attributions of each row and leaf, (rows, leaves, width)."""
    if leaves.table is None:
        met = np.ascontiguousarray(facts.transpose(0, 2, 1), dtype=np.float64)
        return _shapley(leaves.value, leaves.ratio, met)
    narrow = np.dtype(np.uint8 if leaves.width <= _BITS_OF_A_BYTE else np.uint16)
    bit_values = (1 << np.arange(leaves.width)).astype(narrow)
    pattern: npt.NDArray[np.integer] = np.einsum("rwl,w->rl", facts, bit_values)
    first = np.arange(len(leaves.value)) << leaves.width
    return np.take(leaves.table, first + pattern, axis=0)


def _class_from(arrays: Mapping[str, npt.NDArray[np.generic]], number: int) -> LeafClass:
    table = arrays.get(f"table_{number}")
    return LeafClass(
        conditions=np.asarray(arrays[f"conditions_{number}"], dtype=np.int64),
        value=np.asarray(arrays[f"value_{number}"], dtype=np.float64),
        ratio=np.asarray(arrays[f"ratio_{number}"], dtype=np.float64),
        table=None if table is None else np.asarray(table, dtype=np.float64),
    )


def _check(tables: LeafTables) -> None:
    """Refuse arrays of other lengths than the model's, or that point outside each other."""
    n_conditions = len(tables.feature)
    if not len(tables.low) == len(tables.high) == len(tables.missing) == n_conditions:
        raise ValueError("conditions")
    if n_conditions and not 0 <= tables.feature.min() <= tables.feature.max() < tables.n_features:
        raise ValueError("features")
    for leaves in tables.classes:
        shape = leaves.conditions.shape
        if leaves.value.shape != shape[:1] or leaves.ratio.shape != shape or not leaves.value.size:
            raise ValueError("leaves")
        if not 0 <= leaves.conditions.min() <= leaves.conditions.max() < n_conditions:
            raise ValueError("leaf conditions")
        if leaves.table is not None and leaves.table.shape != (shape[0] << shape[1], shape[1]):
            raise ValueError("table")

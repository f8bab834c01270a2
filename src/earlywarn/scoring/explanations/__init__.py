"""Exact TreeSHAP as table look-ups: compile trees once, then read each row's attributions.

The package stands alone: give it the text of any LightGBM binary or regression model with numeric splits
(`read_trees`), compile it (`compile_trees`), and `LeafTables.attributions` equals LightGBM's
`predict(pred_contrib=True)` within rounding. It needs numpy, and numba where many rows are read at once
(`attributions_of_many`); see docs/explanations.md.

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

Leaves share their facts: those under one node have its path in common, and what parts them are the few
splits below it. Attributions are linear in the game, so the vectors of all leaves of a group are added up
beforehand, in one table with a row for each combination of facts (`grouping`). A row of data then reads one
row of one table for each group. Leaves with too many facts for a table are read in parts (`wide`): slower,
and as exact. Sums run in an order fixed by the model, whatever the number of rows read at once and whoever
reads them, so one row and a million give the same bits.
"""

from earlywarn.scoring.explanations.compiling import Budget, compile_trees
from earlywarn.scoring.explanations.tables import FORMAT, LeafTables

__all__ = ["FORMAT", "Budget", "LeafTables", "compile_trees"]

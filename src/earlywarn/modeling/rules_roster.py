"""Turn declared rules into a model without any outcome: a list for a network that has no labeled past.

Each rule is one tree of two leaves that adds a point where the rule is met, so that the whole is linear terms
plus trees (docs/decisions/0004) and margins, attributions and golden rows are as exact as any model's. It
ranks; it promises no rate, so its calibrator says none. See docs/decisions/0018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from earlywarn.errors import TrainingError
from earlywarn.evaluation import AbstentionSheet, Flags
from earlywarn.features import Catalog, Encoding, Matrix
from earlywarn.modeling.bundle import quantiles_by_column
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.matrix_rows import (
    abstained_of,
    encode_with,
    enough_data,
    fit_levels,
    in_frozen_order,
)
from earlywarn.modeling.simple import Points

if TYPE_CHECKING:
    from earlywarn.modeling.spec import ModelSpec, Rule

RULES = "rules"
COMPARISONS = ("own_past", "peers")
_MISSING_IS_NAN, _MISSING_GOES_LEFT = 8, 2


@dataclass(frozen=True, eq=False)
class RulesRoster:
    """A list by rules, ready to be written as a bundle, and on how many rows each rule is met."""

    model: FittedModel
    details: Mapping[str, Any]
    catalog: Catalog
    encoding: Encoding
    quantiles: Mapping[str, Any]
    enough: Flags
    """Which rows know enough to be looked at."""
    n_met: tuple[int, ...]
    """How many of those rows meet each rule."""
    n_with_rule: int
    abstention: AbstentionSheet | None


def rules_roster(matrix: Matrix, spec: ModelSpec, *, network: str) -> RulesRoster:
    """Make the list that a spec's rules give, on the rows of a matrix whose labels are not looked at.

    Raises:
        TrainingError: No rule is declared, or one names a feature that the model's families do not give.
    """
    ordered = in_frozen_order(matrix)
    enough = enough_data(ordered, spec.scoring.needs_any)
    kept = ordered.take(enough)
    if not spec.rules or not len(kept):
        what = "no [[rules]] are declared" if not spec.rules else "no unit has enough data for a list"
        raise TrainingError(
            what, where=spec.name, todo="declare rules, or take in the tables that [scoring] needs"
        )
    encoded = encode_with(kept, fit_levels(kept, np.arange(len(kept))))
    features = _features(spec, encoded.catalog)
    place = {name: column for column, name in enumerate(encoded.catalog.names)}
    values = encoded.values[:, [place[name] for name in features]]
    met = np.column_stack([_points(rule).margins(values, features) for rule in spec.rules])
    n_met = tuple(int(count) for count in met.sum(axis=0))
    # One row is added on either side, so that a rule that nobody meets, or everybody, still has a share.
    shares = [(n + 1) / (len(kept) + 2) for n in n_met]
    levels = {
        column: known
        for column, known in encoded.encoding.levels.items()
        if any(name.startswith(f"{column}__") for name in features)
    }
    trees = trees_of(spec.rules, features, n_met, len(kept))
    return RulesRoster(
        model=FittedModel(RULES, features, trees=(trees,)),
        details=_details(spec, network, shares),
        catalog=Catalog(tuple(encoded.catalog[name] for name in features)),
        encoding=Encoding(levels),
        quantiles=quantiles_by_column(features, values.T),
        enough=enough,
        n_met=n_met,
        n_with_rule=int((met.sum(axis=1) > 0).sum()),
        abstention=abstained_of(ordered, enough, spec.scoring),
    )


def _features(spec: ModelSpec, catalog: Catalog) -> tuple[str, ...]:
    """Return what the rules and the abstention read, and the comparisons that stand as evidence."""
    known = set(catalog.names)
    unknown = [rule.feature for rule in spec.rules if rule.feature not in known]
    if unknown:
        raise TrainingError(
            f"[[rules]] name the feature '{unknown[0]}', which this model's families do not give",
            todo="name a feature of the allowed families",
        )
    asked = {rule.feature for rule in spec.rules} | set(spec.scoring.needs_any)
    asked |= {f"{rule.feature}__{comparison}" for rule in spec.rules for comparison in COMPARISONS}
    return tuple(name for name in catalog.names if name in asked)


def _points(rule: Rule) -> Points:
    return Points((rule.feature,), (rule.above,), (rule.below,))


def _details(spec: ModelSpec, network: str, shares: Sequence[float]) -> dict[str, Any]:
    return {
        "network": network,
        "model": spec.name,
        "outcome": {"fr": spec.outcome.fr, "en": spec.outcome.en},
        "capacity": {"share": spec.capacity.share, "per": list(spec.capacity.per)},
        "moments": list(spec.as_of.names),
        "trained_on": [],
        "n_trained": 0,
        "base_rate": None,
        "expected_precision": None,
        "abstention": spec.scoring.model_dump(mode="json"),
        "rules": [
            {**rule.model_dump(mode="json"), "share": share}
            for rule, share in zip(spec.rules, shares, strict=True)
        ],
    }


def trees_of(rules: Sequence[Rule], features: Sequence[str], n_met: Sequence[int], n_rows: int) -> str:
    """Write rules as the text of a LightGBM model: a tree of two leaves each, 1 where it is met, else 0.

    LightGBM goes left where a value is at most the threshold. `above` is met on the right; `below` is met on
    the left of the greatest number that is still below its mark. A missing value goes to the other side.
    """
    trees = [
        _stump(place, rule, list(features).index(rule.feature), (met, n_rows))
        for place, (rule, met) in enumerate(zip(rules, n_met, strict=True))
    ]
    head = {
        "version": "v4",
        "num_class": 1,
        "num_tree_per_iteration": 1,
        "label_index": 0,
        "max_feature_idx": len(features) - 1,
        "objective": "regression",
        "feature_names": " ".join(features),
        "feature_infos": " ".join("[-inf:inf]" for _ in features),
        "tree_sizes": " ".join(str(len(tree)) for tree in trees),
    }
    return f"tree\n{_lines(head)}\n{''.join(trees)}end of trees\n"


def _stump(place: int, rule: Rule, column: int, counts: tuple[int, int]) -> str:
    met, n_rows = counts[0] + 1, counts[1] + 2
    if rule.above is not None:
        threshold, decision = rule.above, _MISSING_IS_NAN + _MISSING_GOES_LEFT
        values, sizes = (0, 1), (n_rows - met, met)
    else:
        threshold, decision = float(np.nextafter(rule.below or 0.0, -np.inf)), _MISSING_IS_NAN
        values, sizes = (1, 0), (met, n_rows - met)
    fields = {
        "num_leaves": 2,
        "num_cat": 0,
        "split_feature": column,
        "split_gain": 0,
        "threshold": repr(float(threshold)),
        "decision_type": decision,
        "left_child": -1,
        "right_child": -2,
        "leaf_value": f"{values[0]} {values[1]}",
        "leaf_weight": f"{sizes[0]} {sizes[1]}",
        "leaf_count": f"{sizes[0]} {sizes[1]}",
        "internal_value": 0,
        "internal_weight": n_rows,
        "internal_count": n_rows,
        "is_linear": 0,
        "shrinkage": 1,
    }
    return f"Tree={place}\n{_lines(fields)}\n\n"


def _lines(fields: Mapping[str, object]) -> str:
    return "".join(f"{name}={value}\n" for name, value in fields.items())

"""Fit what schools use today: points by plain rules, the best single column, and that of each moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation import Flags, Floats, Ranking, Words, by_word
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.logistic import fit_logistic

MOST_ROWS_TO_PICK = 25_000


@dataclass(frozen=True)
class Points:
    """One point for each rule that a row meets; a missing value meets no rule."""

    features: tuple[str, ...]
    above: tuple[float | None, ...]
    below: tuple[float | None, ...]

    def margins(self, values: Floats, columns: Sequence[str]) -> Floats:
        """Count points per row.

        >>> rules = Points(("absence",), (0.10,), (None,))
        >>> rules.margins(np.array([[0.2], [0.05], [np.nan]]), ["absence"]).tolist()
        [1.0, 0.0, 0.0]
        """
        total = np.zeros(len(values))
        for feature, above, below in zip(self.features, self.above, self.below, strict=True):
            column = values[:, list(columns).index(feature)]
            if above is not None:
                total += column > above
            if below is not None:
                total += column < below
        return total


def column_aucs(values: Floats, label: Flags, moment: Words) -> Floats:
    """Return each column's own AUC, averaged over moments; missing values rank as the column's mean."""
    empty = np.isnan(values).all(axis=0)
    means = np.nanmean(np.where(empty, 0.0, values), axis=0)
    filled = np.where(np.isnan(values), means, values)
    masks = [keep for keep in by_word(moment).values() if 0 < label[keep].sum() < keep.sum()]
    found = [[Ranking(column[keep], label[keep]).auc() for keep in masks] for column in filled.T]
    return np.asarray(np.mean(found, axis=1))


def best_column(values: Floats, label: Flags, signs: Floats, moment: Words) -> int:
    """Return the column that ranks best in its declared direction; ties go to the first."""
    aucs = column_aucs(values, label, moment)
    gain = np.select([signs > 0, signs < 0], [aucs - 0.5, 0.5 - aucs], np.abs(aucs - 0.5))
    return int(np.argmax(gain))


def fit_one_column(
    values: Floats, label: Flags, features: Sequence[str], signs: Floats, *, moment: Words
) -> FittedModel:
    """Fit the best single column as a line in log-odds."""
    # Thinned evenly: which column is best does not need all rows.
    step = max(1, len(label) // MOST_ROWS_TO_PICK)
    chosen = best_column(values[::step], label[::step], signs, moment[::step])
    one = slice(chosen, chosen + 1)
    fitted = fit_logistic(values[:, one], label, [features[chosen]], signs[one], penalty=1e-4)
    return FittedModel("one_column", tuple(features), fitted.intercept, fitted.linear)


@dataclass(frozen=True, eq=False)
class MomentColumns:
    """The best single column of each moment: the honest form of "one column", and never published.

    A column that does not exist yet at the first moment of a year says nothing then; whoever goes by one
    column would go by another.
    """

    by_moment: Mapping[str, FittedModel]
    otherwise: FittedModel

    def margins(self, values: Floats, moment: Words) -> Floats:
        """Return each row's margin by its own moment's column."""
        found = np.empty(len(values))
        for name, keep in by_word(moment).items():
            found[keep] = self.by_moment.get(name, self.otherwise).margins(values[keep])
        return found

    def settings(self) -> dict[str, object]:
        """Return the column of each moment."""
        return {name: model.linear[0].feature for name, model in self.by_moment.items() if model.linear}


def fit_moment_columns(
    values: Floats, label: Flags, features: Sequence[str], signs: Floats, *, moment: Words
) -> MomentColumns:
    """Fit the best single column of each moment that has both kinds of rows."""
    masks = {name: keep for name, keep in by_word(moment).items() if 0 < label[keep].sum() < keep.sum()}
    return MomentColumns(
        {
            name: fit_one_column(values[keep], label[keep], features, signs, moment=moment[keep])
            for name, keep in masks.items()
        },
        fit_one_column(values, label, features, signs, moment=moment),
    )

"""Declared indicators, turned into features as of a date, with cohorts and labels.

The room's one job: what was known about a unit on a day, as numbers in a frozen order. It never sees a fact
that was not yet known on the day, and never a sensitive column. Other rooms import from this door only.
"""

from earlywarn.features.asof import is_there, known_column, row_is_known
from earlywarn.features.catalog import Catalog, FeatureEntry
from earlywarn.features.cohort import CohortSpec
from earlywarn.features.dating import event_column, shared_columns
from earlywarn.features.encoding import Encoding, code_columns, encode, encoded_catalog, fit_encoding
from earlywarn.features.groups import fold_columns
from earlywarn.features.indicators import PERIOD_DAY, Indicator, Indicators, load_indicators
from earlywarn.features.labels import data_end
from earlywarn.features.leaving_out import LeftOut, without_condition
from earlywarn.features.matrix import Matrix, Wanted, build_matrices, build_matrix
from earlywarn.features.moments import (
    AsOfSpec,
    Moment,
    Period,
    calendar_of,
    moments_of,
    moments_on,
    periods_of,
)
from earlywarn.features.names import FeatureNames, feature_names
from earlywarn.features.outcomes import (
    BelowOutcome,
    EqualsOutcome,
    EventOutcome,
    ExitOutcome,
    Outcome,
    QuantileOutcome,
    check_outcome,
)
from earlywarn.features.peers import empty_snapshot, group_keys
from earlywarn.features.portions import (
    MOST_MEMBERSHIPS,
    Portion,
    build_by_portions,
    frozen_order,
    portions_of,
)
from earlywarn.features.replay import Replay, replay, replayed_students

__all__ = [
    "MOST_MEMBERSHIPS",
    "PERIOD_DAY",
    "AsOfSpec",
    "BelowOutcome",
    "Catalog",
    "CohortSpec",
    "Encoding",
    "EqualsOutcome",
    "EventOutcome",
    "ExitOutcome",
    "FeatureEntry",
    "FeatureNames",
    "Indicator",
    "Indicators",
    "LeftOut",
    "Matrix",
    "Moment",
    "Outcome",
    "Period",
    "Portion",
    "QuantileOutcome",
    "Replay",
    "Wanted",
    "build_by_portions",
    "build_matrices",
    "build_matrix",
    "calendar_of",
    "check_outcome",
    "code_columns",
    "data_end",
    "empty_snapshot",
    "encode",
    "encoded_catalog",
    "event_column",
    "feature_names",
    "fit_encoding",
    "fold_columns",
    "frozen_order",
    "group_keys",
    "is_there",
    "known_column",
    "load_indicators",
    "moments_of",
    "moments_on",
    "periods_of",
    "portions_of",
    "replay",
    "replayed_students",
    "row_is_known",
    "shared_columns",
    "without_condition",
]

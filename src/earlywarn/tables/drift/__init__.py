"""Drift of the files: what changed since the last ones, stopped or warned of by written rules.

The door of the room; other files import from here and not past it.
"""

from earlywarn.tables.drift.acceptance import accepting, check_acceptances
from earlywarn.tables.drift.comparison import extracts_of
from earlywarn.tables.drift.finding import Finding
from earlywarn.tables.drift.findings import findings_of
from earlywarn.tables.drift.headers import GivenHeader, needs_values
from earlywarn.tables.drift.kept import KeptProfiles
from earlywarn.tables.drift.measuring import FileSet, Measurement, profile_of
from earlywarn.tables.drift.profile import Profile
from earlywarn.tables.drift.rules import DriftRules, merged
from earlywarn.tables.drift.watch import Watch

__all__ = [
    "DriftRules",
    "FileSet",
    "Finding",
    "GivenHeader",
    "KeptProfiles",
    "Measurement",
    "Profile",
    "Watch",
    "accepting",
    "check_acceptances",
    "extracts_of",
    "findings_of",
    "merged",
    "needs_values",
    "profile_of",
]

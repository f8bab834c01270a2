"""How complete a school's records are, beside comparable schools: what to settle before trusting a list.

The door of the room. It counts rows, days and students of declared tables, as they were known on a day; it
names no student, scores nobody, and judges recording, never teaching.
"""

from earlywarn.quality.assessment import assess
from earlywarn.quality.figures import Figure, Measure, NetworkQuality, SchoolQuality
from earlywarn.quality.findings import QualityFinding, findings_of
from earlywarn.quality.naming import Naming
from earlywarn.quality.sheets import network_sheet, school_sheet
from earlywarn.quality.stored import quality_json

__all__ = [
    "Figure",
    "Measure",
    "Naming",
    "NetworkQuality",
    "QualityFinding",
    "SchoolQuality",
    "assess",
    "findings_of",
    "network_sheet",
    "quality_json",
    "school_sheet",
]

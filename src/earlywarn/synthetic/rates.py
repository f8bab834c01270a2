"""The figures that the invented network is tuned to, in one place; see docs/synthetic-network.md."""

from __future__ import annotations

from typing import Final

GRADES: Final = ("pre", "p1", "p2", "p3", "p4", "p5", "p6", "sec1", "sec2", "sec3", "sec4", "sec5")
N_PRIMARY_GRADES: Final = 7
FIRST_SECONDARY: Final = 7
LAST_GRADE: Final = 11
AGE_AT_FIRST_GRADE: Final = 5

SUBJECTS: Final = ("language", "mathematics", "english", "science", "social_studies")

# Yearly entrants to preschool and newcomers at other grades, as shares of the enrolled.
ENTRY_SHARE: Final = 0.0815
ARRIVAL_SHARE: Final = 0.013

SCHOOL_SIZE_PRIMARY: Final = 320
SCHOOL_SIZE_SECONDARY: Final = 650
GROUP_SIZE_PRIMARY: Final = 23
GROUP_SIZE_SECONDARY: Final = 28

# Years simulated before the first written one, so that a whole schooling has already passed.
BURN_IN_YEARS: Final = 14
# A secondary cohort is followed this long before its share without diploma is read.
FOLLOW_UP_YEARS: Final = 7

# Share of a year's leavers who have an exit row; the others simply never come back.
LEAVES_WITHIN_YEAR: Final = 0.45
RETURNS_AFTER_LEAVING: Final = 0.08
TRANSFER_WITHIN_YEAR: Final = 0.006
TRANSFER_AT_END: Final = 0.008
MOVE_WITHIN_YEAR: Final = 0.015
MOVE_AT_END: Final = 0.03
LATE_START: Final = 0.012

# Log-odds of leaving within a year, secondary 1 to 5: school is compulsory until 16.
LEAVING_BY_GRADE: Final = (-6.65, -5.45, -4.12, -3.77, -4.14)
LEAVING_PER_RISK: Final = 0.76
LEAVING_PER_DECLINE: Final = 0.7

"""What an intake did with every row, for a school clerk: counts, reasons and lines, never a value.

The door of the room; other files import from here and not past it. It reads no file and decides nothing.
"""

from earlywarn.tables.report.counting import counted_reasons
from earlywarn.tables.report.counts import (
    MAX_LINES,
    FileIntake,
    Finding,
    LeftOut,
    Level,
    Reason,
    Refusal,
    TableIntake,
)
from earlywarn.tables.report.files import file_intake
from earlywarn.tables.report.finding_words import FINDINGS, figures_of
from earlywarn.tables.report.intakes import IntakeReport
from earlywarn.tables.report.shapes import has_shape, shape_sql
from earlywarn.tables.report.words import REASONS, Words

__all__ = [
    "FINDINGS",
    "MAX_LINES",
    "REASONS",
    "FileIntake",
    "Finding",
    "IntakeReport",
    "LeftOut",
    "Level",
    "Reason",
    "Refusal",
    "TableIntake",
    "Words",
    "counted_reasons",
    "figures_of",
    "file_intake",
    "has_shape",
    "shape_sql",
]

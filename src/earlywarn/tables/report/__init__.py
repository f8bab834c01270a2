"""What an intake did with every row, for a school clerk: counts, reasons and lines, never a value.

The door of the room; other files import from here and not past it. It reads no file and decides nothing.
"""

from earlywarn.tables.report.counting import Held, counted_reasons, most_frequent
from earlywarn.tables.report.counts import (
    MAX_LINES,
    FileIntake,
    Finding,
    LeftOut,
    Reason,
    Refusal,
    TableIntake,
)
from earlywarn.tables.report.files import file_intake, table_labels
from earlywarn.tables.report.intakes import IntakeReport
from earlywarn.tables.report.shapes import has_shape, shape_sql
from earlywarn.tables.report.words import REASONS, Words

__all__ = [
    "MAX_LINES",
    "REASONS",
    "FileIntake",
    "Finding",
    "Held",
    "IntakeReport",
    "LeftOut",
    "Reason",
    "Refusal",
    "TableIntake",
    "Words",
    "counted_reasons",
    "file_intake",
    "has_shape",
    "most_frequent",
    "shape_sql",
    "table_labels",
]

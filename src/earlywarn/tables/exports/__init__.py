"""OneRoster exports: recognized, read as strictly as any file, joined into the texts of a network's tables.

The door of the room; other files import from here and not past it.
"""

from earlywarn.tables.exports.kept import filled_sql
from earlywarn.tables.exports.memory import MEMORY
from earlywarn.tables.exports.opening import is_export
from earlywarn.tables.exports.source import ExportSource
from earlywarn.tables.exports.taking_up import take_up

__all__ = ["MEMORY", "ExportSource", "filled_sql", "is_export", "take_up"]

"""OneRoster exports: recognized, read as strictly as any file, joined into the texts of a network's tables.

The door of the room; other files import from here and not past it.
"""

from earlywarn.tables.exports.checking import DELETED
from earlywarn.tables.exports.kept import keep_known
from earlywarn.tables.exports.opening import INCOMING, is_export
from earlywarn.tables.exports.source import ExportSource, take_up

__all__ = ["DELETED", "INCOMING", "ExportSource", "is_export", "keep_known", "take_up"]

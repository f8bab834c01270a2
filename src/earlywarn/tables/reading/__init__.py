"""Sources as text: every cell as given, every record with its file and line, and what is no record counted.

The door of the room; other files import from here and not past it.
"""

from earlywarn.tables.reading.cells import holds
from earlywarn.tables.reading.opening import open_text, open_texts
from earlywarn.tables.reading.text import FILE, LINE, RAGGED, WIDE_SPACES, GivenText, TextBlock

__all__ = [
    "FILE",
    "LINE",
    "RAGGED",
    "WIDE_SPACES",
    "GivenText",
    "TextBlock",
    "holds",
    "open_text",
    "open_texts",
]

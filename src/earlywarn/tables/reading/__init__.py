"""Sources as text: every cell as given, every record with its file and line, and what is no record counted.

The door of the room; other files import from here and not past it.
"""

from earlywarn.tables.reading.cells import holds
from earlywarn.tables.reading.content import Content
from earlywarn.tables.reading.opening import OpenView, open_text, open_texts
from earlywarn.tables.reading.text import FILE, LINE, RAGGED, WIDE_SPACES, GivenText, TextBlock
from earlywarn.tables.reading.typed import TypedRows

__all__ = [
    "FILE",
    "LINE",
    "RAGGED",
    "WIDE_SPACES",
    "Content",
    "GivenText",
    "OpenView",
    "TextBlock",
    "TypedRows",
    "holds",
    "open_text",
    "open_texts",
]

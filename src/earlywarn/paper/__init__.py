"""Pages that stand alone, and numbers, dates and counts as each language writes them.

The door of the room. It lays out what others have worked out: it computes no figure and reads no table. A
sheet is kept as JSON and shown by the service too, so that a file and a page of the service say the same.
"""

from earlywarn.paper.layout import STYLE, TEMPLATES, page
from earlywarn.paper.markdown import markdown
from earlywarn.paper.sheets import (
    Bar,
    Cell,
    Fact,
    Mark,
    Picture,
    Point,
    Row,
    Section,
    Sheet,
    Slice,
    Strip,
    Table,
    Tone,
)
from earlywarn.paper.typography import (
    NO_BREAK,
    counted,
    listed,
    of,
    write_day,
    write_month,
    write_number,
    write_share,
    write_weekday,
)

__all__ = [
    "NO_BREAK",
    "STYLE",
    "TEMPLATES",
    "Bar",
    "Cell",
    "Fact",
    "Mark",
    "Picture",
    "Point",
    "Row",
    "Section",
    "Sheet",
    "Slice",
    "Strip",
    "Table",
    "Tone",
    "counted",
    "listed",
    "markdown",
    "of",
    "page",
    "write_day",
    "write_month",
    "write_number",
    "write_share",
    "write_weekday",
]

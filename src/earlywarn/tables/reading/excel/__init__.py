"""An .xlsx file as what it holds: rows of cells, each as exact text or with the reason why it has none.

The door of the room; `reading/workbook.py` imports from here. It unpacks nothing past its limits.
"""

from earlywarn.tables.reading.excel.book import Book, Sheet, read_book
from earlywarn.tables.reading.excel.package import Package, open_package
from earlywarn.tables.reading.excel.records import MappedColumn, Record, records
from earlywarn.tables.reading.excel.rows import Cell, Row, merged_areas, sheet_rows
from earlywarn.tables.reading.excel.texts import holds_anything, shown_text

__all__ = [
    "Book",
    "Cell",
    "MappedColumn",
    "Package",
    "Record",
    "Row",
    "Sheet",
    "holds_anything",
    "merged_areas",
    "open_package",
    "read_book",
    "records",
    "sheet_rows",
    "shown_text",
]

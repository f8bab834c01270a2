"""Workbooks written part by part, so that a test can hold what no library writes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def text(value: str) -> str:
    """Return a cell's inside that holds a text, to be placed by `row`."""
    return f't="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is>'


def number(stored: str, style: int = 0) -> str:
    """Return a cell's inside that holds a number as stored."""
    return f's="{style}"><v>{stored}</v>'


def row(line: int, *cells: str, attributes: str = "") -> str:
    """Return a row of cells from column A on; "" leaves a cell out."""
    written = "".join(
        f'<c r="{chr(65 + place)}{line}" {cell}</c>' for place, cell in enumerate(cells) if cell
    )
    return f'<row r="{line}" {attributes}>{written}</row>'


def sheet(*rows: str, after: str = "", main: str = MAIN) -> str:
    """Return a sheet's part."""
    return f'<worksheet xmlns="{main}"><sheetData>{"".join(rows)}</sheetData>{after}</worksheet>'


def parts(
    sheets: Mapping[str, str],
    *,
    formats: Sequence[str] = (),
    texts: Sequence[str] = (),
    properties: str = "",
    calculation: str = "",
    hidden: Sequence[str] = (),
) -> dict[str, str]:
    """Return the parts of a workbook; style 0 is the general format, the others are `formats` in order."""
    names = list(sheets)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="rId{i}"{_state(name, hidden)}/>'
        for i, name in enumerate(names, 1)
    )
    related = "".join(
        _relation(f"rId{i}", "worksheet", f"worksheets/sheet{i}.xml") for i in range(1, len(names) + 1)
    )
    related += _relation("rIdS", "styles", "styles.xml") + _relation(
        "rIdT", "sharedStrings", "sharedStrings.xml"
    )
    codes = "".join(
        f'<numFmt numFmtId="{200 + i}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
        for i, code in enumerate(formats)
    )
    styles = '<xf numFmtId="0"/>' + "".join(f'<xf numFmtId="{200 + i}"/>' for i in range(len(formats)))
    found = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}">'
        f"{_relation('r', 'officeDocument', 'xl/workbook.xml')}</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_RELATIONS}">{properties}'
        f"<sheets>{listed}</sheets>{calculation}</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{related}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f"<cellXfs>{styles}</cellXfs></styleSheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{"".join(f"<si>{item}</si>" for item in texts)}</sst>',
    }
    return found | {f"xl/worksheets/sheet{i}.xml": sheets[name] for i, name in enumerate(names, 1)}


def packed(found: Mapping[str, str | bytes]) -> bytes:
    """Return the parts as the bytes of a file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def write(path: Path, found: Mapping[str, str | bytes]) -> Path:
    """Write the parts as a file."""
    path.write_bytes(packed(found))
    return path


def _state(name: str, hidden: Sequence[str]) -> str:
    return ' state="hidden"' if name in hidden else ""


def _relation(number: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'

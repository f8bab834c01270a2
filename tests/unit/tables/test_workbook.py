"""Excel sheets are read cell by cell, exactly, or the line waits with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading import TextBlock, open_text
from tests.builders import workbook as build
from tests.builders.workbook import number, row, text

HEADER = row(1, text("A"), text("B"))


def _extract(**changes: object) -> Extract:
    declared = {"table": "t", "file": "t.xlsx", "format": "xlsx", "columns": {"a": "A", "b": "B"}, **changes}
    return Extract.model_validate(declared)


def _read(tmp_path: Path, found: dict[str, str], **changes: object) -> TextBlock:
    path = build.write(tmp_path / "t.xlsx", found)
    (block,) = open_text(path, _extract(**changes)).blocks()
    return block


def _sheet(*rows: str, **more: str) -> dict[str, str]:
    return {"Feuil1": build.sheet(HEADER, *rows, **more)}


def _cells(block: TextBlock) -> list[tuple[int, str, str]]:
    table = block.cells.to_pydict()
    return list(zip(table["_line"], table["A"], table["B"], strict=True))


@pytest.mark.parametrize(
    "given", ["007", "NA", " Zoé ", "1E10", "=1+1", "_x000D_", "72,5", "123456789012345678", "'"]
)
def test_text_is_as_given(tmp_path: Path, given: str) -> None:
    """A text cell is its text: no zero is lost, no name is missing, nothing is taken for a number."""
    stored = given.replace("_x000D_", "_x005F_x000D_")

    block = _read(tmp_path, build.parts(_sheet(row(2, text(stored), text("x")))))

    assert _cells(block) == [(2, given, "x")]


def test_shared_text_joins_its_fonts_and_leaves_its_reading_aid(tmp_path: Path) -> None:
    """A word in two fonts is one word; a phonetic guide is no part of it; an escaped line end is one."""
    texts = ["<r><t>Zo</t></r><r><t>é</t></r><rPh sb='0' eb='1'><t>aid</t></rPh>", "<t>a_x000D_b</t>"]

    block = _read(tmp_path, build.parts(_sheet(row(2, 't="s"><v>0</v>', 't="s"><v>1</v>')), texts=texts))

    assert _cells(block) == [(2, "Zoé", "a\rb")]


@pytest.mark.parametrize(
    ("stored", "decimal", "shown"),
    [
        ("72.5", ",", "72,5"),
        ("72.5", ".", "72.5"),
        ("1.0", ",", "1"),
        ("0.30000000000000004", ".", "0.3"),
        ("1E3", ".", "1000"),
        ("-0.25", ",", "-0,25"),
        ("1.0000000000000001E-5", ".", "0.00001"),
        ("999999999999999", ".", "999999999999999"),
        ("0", ".", "0"),
    ],
)
def test_number_is_what_excel_keeps_of_it(tmp_path: Path, stored: str, decimal: str, shown: str) -> None:
    """A number has the 15 digits that Excel keeps, no noise behind them, and the declared decimal mark."""
    block = _read(tmp_path, build.parts(_sheet(row(2, number(stored), text("x")))), decimal=decimal)

    assert _cells(block) == [(2, shown, "x")]


@pytest.mark.parametrize(
    ("code", "stored", "shown"),
    [
        ("000", "7", "007"),
        ("000000", "901001", "901001"),
        ("000", "7.5", "7.5"),
        ('"É"000', "12", "É012"),
        ("000-000", "12345", "012-345"),
        ("0", "7", "7"),
        ("0.00", "7", "7"),
        ("#,##0", "1234567", "1234567"),
        ("000", "-7", "-7"),
        ("0%", "0.85", "85%"),
        ("0.0%", "0.075", "7.5%"),
        ("0.00E+00", "1200", "1200"),
        ('#,##0.00 "$"', "12.5", "12.5"),
        ("[>9]00;000", "7", "7"),
    ],
)
def test_zeros_that_are_shown_are_kept(tmp_path: Path, code: str, stored: str, shown: str) -> None:
    """A code padded by its format keeps its zeros; a share shown in percent says so; nothing is rounded."""
    block = _read(tmp_path, build.parts(_sheet(row(2, number(stored, 1), text("x"))), formats=[code]))

    assert _cells(block) == [(2, shown, "x")]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (number("1234567890123456"), "number_too_long"),
        (number("-1.2345678901234567E+17"), "number_too_long"),
        ('t="e"><v>#N/A</v>', "error_cell"),
        ('t="e"><f>A9</f><v>#REF!</v>', "error_cell"),
        ("><f>A9+1</f>", "no_cached_value"),
        ("><f>A9+1</f><v></v>", "no_cached_value"),
        ('t="str"><f>T(A9)</f>', "no_cached_value"),
        (number("45931.5", 1), "time_of_day"),
        (number("0.5", 2), "time_of_day"),
        (number("60", 1), "not_a_date"),
        (number("-3", 1), "not_a_date"),
        (number("2958466", 1), "not_a_date"),
        (text("ZoÃ©"), "decoded_twice"),
        (text("Zo\ufffd"), "lost_character"),
        (text("Zo_x0000_"), "nul"),
    ],
)
def test_cell_that_cannot_be_said_holds_its_line_back(tmp_path: Path, cell: str, reason: str) -> None:
    """What a cell does not say exactly is never guessed: the line waits, under the contract's column."""
    found = build.parts(_sheet(row(2, cell, text("x")), row(3, text("y"))), formats=["yyyy-mm-dd", "[h]:mm"])

    block = _read(tmp_path, found)

    assert (_cells(block), block.quarantined) == ([(3, "y", "")], ((2, f"a:{reason}"),))
    assert block.n_read == 2


def test_formula_gives_what_it_last_gave(tmp_path: Path) -> None:
    """A formula gives its stored value, the empty text too; where none was computed, the line waits."""
    rows = [row(2, "><f>1+1</f><v>2</v>", 't="str"><f>T(C2)</f><v></v>'), row(3, text("x"))]

    fresh = _read(tmp_path, build.parts(_sheet(*rows)))
    stale = _read(tmp_path, build.parts(_sheet(*rows), calculation='<calcPr fullCalcOnLoad="1"/>'))

    assert _cells(fresh) == [(2, "2", ""), (3, "x", "")]
    assert (_cells(stale), stale.quarantined) == ([(3, "x", "")], ((2, "a:no_cached_value"),))


@pytest.mark.parametrize(
    ("properties", "serial"),
    [("", "45931"), ('<workbookPr date1904="1"/>', "44469"), ("", "45930.9999999999")],
)
@pytest.mark.parametrize("code", ["yyyy-mm-dd", "dd/mm/yyyy;@", "[$-C0C]d mmmm yyyy", "m/d/yy h:mm"])
def test_day_is_written_in_the_declared_format(
    tmp_path: Path, properties: str, serial: str, code: str
) -> None:
    """However a day is shown, and in whichever calendar, it is written as the mapping reads it."""
    found = build.parts(_sheet(row(2, number(serial, 1), text("x"))), formats=[code], properties=properties)

    block = _read(tmp_path, found, date_format="%d/%m/%Y")

    assert _cells(block) == [(2, "01/10/2025", "x")]


def test_day_of_several_formats_takes_one_that_no_other_misreads(tmp_path: Path) -> None:
    """Where 03/04 could be two days, the format that cannot be misread is taken; a time needs its own."""
    found = build.parts(
        _sheet(row(2, number("45750", 1), number("45750.4375", 1)), row(3, 't="d"><v>2025-04-03</v>')),
        formats=["yyyy-mm-dd"],
    )
    formats = ["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%Y-%m-%d %H:%M"]

    block = _read(tmp_path, found, date_format=formats)

    assert _cells(block) == [(2, "2025-04-03", "2025-04-03 10:30"), (3, "2025-04-03", "")]


def test_true_and_false_are_words_that_the_mapping_knows(tmp_path: Path) -> None:
    """A box ticked in Excel is true, or the word that the code list has for it."""
    found = build.parts(_sheet(row(2, 't="b"><v>1</v>', 't="b"><v>0</v>')))

    plain = _read(tmp_path, found)
    coded = _read(tmp_path, found, codes={"b": {"VRAI": True, "FAUX": False}})

    assert (_cells(plain), _cells(coded)) == ([(2, "true", "false")], [(2, "true", "FAUX")])


def test_row_that_a_merged_cell_covers_waits(tmp_path: Path) -> None:
    """A merged value stands in its first row; the rows below show it and hold nothing, so they wait."""
    rows = [row(2, text("x"), text("1")), row(3, "", text("2")), row(4, "", text("3")), row(5, text("y"))]
    after = '<mergeCells count="2"><mergeCell ref="A2:A4"/><mergeCell ref="D1:F9"/></mergeCells>'

    block = _read(tmp_path, build.parts({"F": build.sheet(HEADER, *rows, after=after)}))

    assert _cells(block) == [(2, "x", "1"), (5, "y", "")]
    assert block.quarantined == ((3, "a:merged_cell"), (4, "a:merged_cell"))


def test_hidden_rows_are_rows_and_blank_ones_are_none(tmp_path: Path) -> None:
    """Filtered rows are read; rows that show nothing are skipped; lines stay true."""
    rows = [
        row(2, text("x"), attributes='hidden="1"'),
        row(3, 's="0">', text("  ")),
        row(4, 't="str"><f>T(Z1)</f><v></v>'),
        row(9, "", text("y")),
    ]
    before = '<cols><col min="1" max="1" hidden="1"/></cols>'
    sheet = build.sheet(HEADER, *rows).replace("<sheetData>", before + "<sheetData>")

    block = _read(tmp_path, build.parts({"F": sheet}))

    assert (_cells(block), block.n_read) == ([(2, "x", ""), (9, "", "y")], 2)


def test_size_that_a_sheet_declares_of_itself_hides_no_row(tmp_path: Path) -> None:
    """Some programs write a wrong size; every row that is there is read."""
    sheet = build.sheet(HEADER, row(2, text("x")), row(3, text("y")))
    sheet = sheet.replace("<sheetData>", '<dimension ref="A1:B2"/><sheetData>')

    assert _cells(_read(tmp_path, build.parts({"F": sheet}))) == [(2, "x", ""), (3, "y", "")]


def test_cells_beyond_the_header_are_ragged(tmp_path: Path) -> None:
    """A value under no header has moved or was never declared; empty cells to the right are nothing."""
    rows = [row(2, text("x"), text("1"), 's="0">', text("")), row(3, text("y"), text("1"), text("moved"))]

    block = _read(tmp_path, build.parts(_sheet(*rows)))

    assert (_cells(block), block.quarantined) == ([(2, "x", "1")], ((3, "ragged"),))


def test_repeated_header_is_known(tmp_path: Path) -> None:
    """Sheets pasted below each other bring their headers along."""
    block = _read(tmp_path, build.parts(_sheet(row(2, text("x")), row(3, text("A"), text("B ")))))

    assert (_cells(block), block.quarantined) == ([(2, "x", "")], ((3, "repeated_header"),))


def test_header_may_stand_lower_and_break_its_words(tmp_path: Path) -> None:
    """Titles above the declared header row are no rows; a header wrapped over two lines is one of words."""
    rows = [
        row(1, text("Absences 2025")),
        row(3, text("Code\npermanent"), text(" B")),
        row(4, text("x"), text("y")),
    ]
    columns = {"a": "Code permanent", "b": "B"}

    block = _read(tmp_path, build.parts({"F": build.sheet(*rows)}), header_row=3, columns=columns)

    assert block.cells.select(["Code permanent", "B", "_line"]).to_pylist() == [
        {"Code permanent": "x", "B": "y", "_line": 4}
    ]


def test_other_dialect_and_prefix_are_the_same_sheet(tmp_path: Path) -> None:
    """The strict dialect, a prefixed part and cells without places are read as the usual ones are."""
    strict = build.sheet(HEADER, row(2, text("x"), number("1")), main=build.STRICT)
    bare = f'<x:worksheet xmlns:x="{build.MAIN}"><x:sheetData>'
    for first, second in (("A", "B"), ("x", "1")):
        bare += f'<x:row><x:c t="str"><x:v>{first}</x:v></x:c><x:c t="str"><x:v>{second}</x:v></x:c></x:row>'
    bare += "</x:sheetData></x:worksheet>"

    both = [_cells(_read(tmp_path, build.parts({"F": part}))) for part in (strict, bare)]

    assert both == [[(2, "x", "1")]] * 2


def test_sheet_is_the_one_named_or_the_only_one_filled(tmp_path: Path) -> None:
    """Empty and hidden sheets are passed over; of two that hold rows none is guessed; a name always works."""
    empty, first, second = (
        build.sheet(),
        build.sheet(HEADER, row(2, text("1"))),
        build.sheet(HEADER, row(2, text("2"))),
    )
    one = build.parts({"Feuil1": empty, "Listes": second, "Absences": first}, hidden=["Listes"])
    two = build.parts({"Absences": first, "Retards": second})

    assert _cells(_read(tmp_path, one)) == [(2, "1", "")]
    assert _cells(_read(tmp_path, one, sheet="Listes")) == [(2, "2", "")]
    with pytest.raises(ExtractError, match="several sheets hold rows: 'Absences', 'Retards'; name one"):
        _read(tmp_path, two)
    with pytest.raises(ExtractError, match="there is no sheet 'Nope'; the sheets are: 'Absences', 'Retards'"):
        _read(tmp_path, two, sheet="Nope")


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        (build.sheet(), "no sheet that is shown holds rows; the sheets are: 'F'"),
        (build.sheet(row(2, text("x"))), "row 1 is empty, and the header should stand there"),
        (build.sheet(row(1, text("A"), text("C"))), "the header has no column 'B'; unknown column 'C'"),
        (build.sheet(HEADER, row(3, text("x")), row(2, text("y"))), "damaged or cut short .after row 3."),
        (
            build.sheet(HEADER, '<row r="2"><c r="A9" t="str"><v>x</v></c></row>'),
            "damaged or cut short .row 2.",
        ),
        (build.sheet(HEADER, row(2, 't="s"><v>7</v>')), "a cell points to a text that is not there"),
        (build.sheet(HEADER, row(2, number("1", 9))), "a cell has a style that is not there"),
        (build.sheet(HEADER, row(2, number("9" * 5000))), "a number is none"),
        (build.sheet(HEADER, row(2, number("nan"))), "a number is none"),
        (build.sheet(HEADER, row(2, text("x" * 32_768))), "a text longer than Excel allows"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa">]>' + build.sheet(HEADER), "damaged"),
        (build.sheet(HEADER)[:-20], "damaged"),
    ],
)
def test_sheet_that_cannot_be_read_exactly_is_refused(tmp_path: Path, sheet: str, message: str) -> None:
    """A sheet without header or rows, or one that Excel would not write, is refused in words."""
    with pytest.raises(ExtractError, match=message):
        _read(tmp_path, build.parts({"F": sheet}))


def test_refusal_of_a_damaged_cell_repeats_no_value(tmp_path: Path) -> None:
    """What a cell holds never stands in an error."""
    with pytest.raises(ExtractError) as refused:
        _read(tmp_path, build.parts({"F": build.sheet(HEADER, row(2, number("TREMBLAY")))}))

    assert "TREMBLAY" not in str(refused.value)


def test_rows_come_in_blocks_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large sheet never stands in memory whole; lines and counts go on from block to block."""
    monkeypatch.setattr("earlywarn.tables.reading.workbook._CELLS", 8)
    rows = [row(n, text(str(n)) if n != 5 else 't="e"><v>#N/A</v>') for n in range(2, 12)]
    path = build.write(tmp_path / "t.xlsx", build.parts(_sheet(*rows)))

    blocks = list(open_text(path, _extract()).blocks())

    assert [block.n_read for block in blocks] == [4, 4, 2]
    assert [line for block in blocks for line in block.cells["_line"].to_pylist()] == [
        2,
        3,
        4,
        6,
        7,
        8,
        9,
        10,
        11,
    ]


def test_sheet_and_header_row_are_for_workbooks() -> None:
    """A mapping that gives a CSV file a sheet is a mistake, not ignored."""
    with pytest.raises(ValueError, match='sheet and header_row are for format = "xlsx"'):
        _extract(format="csv", sheet="F")

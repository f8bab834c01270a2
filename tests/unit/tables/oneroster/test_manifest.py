"""The manifest and the headers are what the specification says, or the export is refused with the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables.exports.header import header_of
from earlywarn.tables.exports.manifest import check_files, read_manifest
from earlywarn.tables.oneroster import standard
from earlywarn.tables.reading import Content
from tests.builders.oneroster import BULK, manifest, small_network

ORGS = BULK["orgs"][0]


def test_a_manifest_is_read() -> None:
    """Version, the mode of each file, and the system it comes from."""
    text = manifest({"orgs": "bulk", "results": "delta", "users": "absent"}) + "source.systemCode,sis-1\n"

    found = read_manifest(text.encode("utf-8-sig"), standard(), where="m")

    assert (found.version, dict(found.modes), found.system) == (
        "1.2",
        {"orgs": "bulk", "results": "delta"},
        "sis-1",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("propertyName,value", "name,value", "its header is not 'propertyName,value'"),
        ("manifest.version,1.0", "manifest.version,2.0", "manifest.version is '2.0', not 1.0"),
        ("manifest.version,1.0\n", "", "manifest.version is not given, not 1.0"),
        (
            "oneroster.version,1.2",
            "oneroster.version,1.3",
            "oneroster.version is '1.3'; 1.2 and 1.1 are read",
        ),
        ("file.orgs,bulk", "file.orgs,full", "file.orgs is 'full', not absent, bulk or delta"),
        ("file.orgs,bulk", "file.schools,bulk", "OneRoster has no file 'schools'"),
        ("file.orgs,bulk", "file.orgs,absent", "it declares no file"),
        ("file.orgs,bulk", "file.orgs,bulk\nfile.orgs,delta", "row 5 states a property again"),
        ("file.orgs,bulk", "file.orgs", "row 4 has not two cells"),
    ],
)
def test_a_manifest_that_is_not_right_is_refused(old: str, new: str, message: str) -> None:
    """The refusal says what is wrong, in the manifest's own words."""
    text = manifest({"orgs": "bulk"}).replace(old, new)

    with pytest.raises(ExtractError) as refusal:
        read_manifest(text.encode(), standard(), where="e.zip/manifest.csv")

    assert message in str(refusal.value)


def test_what_is_declared_is_there_and_nothing_else() -> None:
    """A missing file and a file without its line in the manifest are both named."""
    found = read_manifest(manifest({"orgs": "bulk", "users": "bulk"}).encode(), standard(), where="m")

    check_files(found, ["manifest.csv", "orgs.csv", "users.csv"], where="e.zip")
    with pytest.raises(ExtractError, match=r"declares 'users.csv', not there"):
        check_files(found, ["manifest.csv", "orgs.csv"], where="e.zip")
    with pytest.raises(ExtractError, match=r"holds 'roles.csv', which the manifest does not declare"):
        check_files(found, ["orgs.csv", "users.csv", "roles.csv"], where="e.zip")


def _orgs(tmp_path: Path, content: str | bytes) -> tuple[str, ...]:
    path = tmp_path / "orgs.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return header_of(Content(path), standard().files["orgs"])


@pytest.mark.parametrize(
    "content",
    [
        f"{ORGS}\nd1,,,North,district,,\n",
        f"\ufeff{ORGS}\r\nd1,,,North,district,,\r\n",
        f"{ORGS},metadata.region,metadata.size\nd1,,,North,district,,,x,1\n",
        '"' + ORGS.replace(",", '","') + '"\nd1,,,North,district,,\n',
        f"{ORGS}\rd1,,,North,district,,\r",
    ],
    ids=["plain", "mark", "extensions", "quoted", "carriage returns"],
)
def test_a_header_of_the_specification_is_read(tmp_path: Path, content: str) -> None:
    """A byte order mark, quotes, extensions at the far right and any line end are tolerated."""
    assert _orgs(tmp_path, content) == tuple(ORGS.split(","))


def test_an_optional_column_may_be_missing(tmp_path: Path) -> None:
    """Exports that leave out what the specification does not require can be read."""
    assert _orgs(tmp_path, "sourcedId,status,dateLastModified,name,type\nd1,,,North,district\n")[-1] == "type"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("sourcedId,status,dateLastModified,type,name,identifier,parentSourcedId", "column 5 of the header"),
        ("SourcedId,status,dateLastModified,name,type,identifier,parentSourcedId", "column 1 of the header"),
        ("sourcedId,status,dateLastModified,name,type,colour", "next come identifier, parentSourcedId"),
        ("sourcedId,status,dateLastModified,metadata.x,name,type", "column 4 of the header"),
        (ORGS + ",parentSourcedId", "next come metadata.* extensions alone"),
        ("sourcedId,status,dateLastModified,name", "the header lacks 'type'"),
    ],
)
def test_a_header_out_of_order_is_refused(tmp_path: Path, header: str, message: str) -> None:
    """The place is named, and what belongs there; a file without header would show a student otherwise."""
    with pytest.raises(ExtractError) as refusal:
        _orgs(tmp_path, f"{header}\nd1,,,North,district,,\n")

    assert message in str(refusal.value)


def test_a_file_without_header_shows_nobody(tmp_path: Path) -> None:
    """The first row of a file without header stands in no error."""
    with pytest.raises(ExtractError) as refusal:
        _orgs(tmp_path, "d1,,,North,district,,\nd2,,,South,district,,\n")

    assert "North" not in str(refusal.value)
    assert "column 1 of the header is unknown or out of its place" in str(refusal.value)


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    """The specification wants such a file declared absent; as bulk it would delete everything."""
    with pytest.raises(ExtractError, match="it has a header and no row"):
        _orgs(tmp_path, f"{ORGS}\n")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """An export is UTF-8; the line that is not is named."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "manifest.csv").write_text(manifest({"orgs": "bulk"}))
    (folder / "orgs.csv").write_bytes(f"{ORGS}\nd1,,,Montréal,district,,\n".encode("cp1252"))

    with pytest.raises(ExtractError, match=r"orgs.csv: line 2 holds a byte that the declared encoding"):
        small_network(tmp_path / "small").change(folder)

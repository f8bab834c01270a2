"""A zip is looked at before it is unpacked, and refused in a sentence where it is no export."""

from __future__ import annotations

import stat
import struct
import time
import warnings
import zipfile
from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.tables import is_export
from tests.builders.oneroster import BULK, manifest, pack, small_network


def _packed(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes | str]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        warnings.simplefilter("ignore")
        for name, content in members:
            packed.writestr(name, content)
    return path


def _refusal(tmp_path: Path, path: Path) -> str:
    with pytest.raises(ExtractError) as refusal:
        small_network(tmp_path / "small").change(path)
    return str(refusal.value)


def test_a_zip_or_a_folder_with_the_manifest_is_an_export(tmp_path: Path) -> None:
    """What tells an export is its manifest; another zip, folder or file is none."""
    folder, other = tmp_path / "unpacked", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (folder / "manifest.csv").write_text(manifest({"orgs": "bulk"}))
    (other / "manifest.csv").write_text("name,size\nabsences.csv,12\n")
    (tmp_path / "plain.csv").write_text("a,b\n")

    assert is_export(pack(tmp_path / "export.zip", BULK))
    assert is_export(folder)
    assert not is_export(other)
    assert not is_export(_packed(tmp_path / "other.zip", ("absences.csv", "a;b\n")))
    assert not is_export(tmp_path / "plain.csv")


@pytest.mark.parametrize("name", ["../orgs.csv", "export/orgs.csv", "/etc/orgs.csv", "a\\orgs.csv"])
def test_a_member_outside_the_top_is_refused(tmp_path: Path, name: str) -> None:
    """No name leads anywhere but into the folder of what is taken in."""
    path = _packed(tmp_path / "e.zip", ("manifest.csv", manifest({"orgs": "bulk"})), (name, "x"))

    assert "member 2 does not lie at the top of the zip" in _refusal(tmp_path, path)
    assert not list(tmp_path.rglob("*.csv"))


def test_a_member_named_twice_is_refused(tmp_path: Path) -> None:
    """Of two members with one name nobody can tell which is meant."""
    path = _packed(
        tmp_path / "e.zip", ("manifest.csv", manifest({"orgs": "bulk"})), ("orgs.csv", "x"), ("Orgs.csv", "y")
    )

    assert "two members are named alike (member 3)" in _refusal(tmp_path, path)


def test_a_zip_in_the_zip_is_refused(tmp_path: Path) -> None:
    """An export holds .csv files alone."""
    path = _packed(tmp_path / "e.zip", ("manifest.csv", manifest({"orgs": "bulk"})), ("more.zip", "PK"))

    assert "member 2 is no .csv file" in _refusal(tmp_path, path)


def test_a_link_is_refused(tmp_path: Path) -> None:
    """A member that points elsewhere is not followed."""
    link = zipfile.ZipInfo("orgs.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = _packed(tmp_path / "e.zip", ("manifest.csv", manifest({"orgs": "bulk"})), (link, "/etc/passwd"))

    assert "member 2 is a link" in _refusal(tmp_path, path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """A member that unpacks to hundreds of times its size is told by its own directory entry."""
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("manifest.csv", manifest({"orgs": "bulk"}))
        with packed.open("orgs.csv", "w") as sink:
            for _ in range(64):
                sink.write(b"0" * (1 << 20))

    assert "member 2 unpacks to more than 200 times its size" in _refusal(tmp_path, path)


def test_a_zip_of_very_many_members_is_refused_at_once(tmp_path: Path) -> None:
    """The directory is measured before it is read: a hundred thousand members cost no time."""
    members = [(f"m{number}.csv", b"") for number in range(100_000)]
    path = _packed(tmp_path / "e.zip", ("manifest.csv", manifest({"orgs": "bulk"})), *members)
    started = time.process_time()

    with pytest.raises(ExtractError, match="it holds more than 100 members"):
        is_export(path)

    assert time.process_time() - started < 1


def test_a_member_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    """What is unpacked is held to what the directory declares."""
    path = pack(tmp_path / "e.zip", {"orgs": (*BULK["orgs"], *("s,,,n,school,,d1" for _ in range(2_000)))})
    content = bytearray(path.read_bytes())
    entry = content.rfind(b"PK\x01\x02")
    struct.pack_into("<I", content, entry + 24, 10)
    path.write_bytes(content)

    assert "e.zip/orgs.csv: the compressed file is damaged" in _refusal(tmp_path, path)


def test_a_cut_zip_is_no_export(tmp_path: Path) -> None:
    """A zip that was copied in part has lost its directory."""
    path = pack(tmp_path / "e.zip", BULK)
    path.write_bytes(path.read_bytes()[:-40])

    assert not is_export(path)
    assert "it is no zip, or is damaged" in _refusal(tmp_path, path)

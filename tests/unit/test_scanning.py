"""The scan that holds that no identity leaked finds one in whichever form it is planted."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.builders.needles import Needles
from tests.builders.scanning import Scan, packed

WORDS = ["QZXW71030412", "Qzvyabcdef", "1871-03-04", "18710304", "Ézvyabcdefgh"]
NOISE = np.random.default_rng(3).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
NEEDLES = Needles(WORDS)
WRITINGS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "lower": lambda word: word.lower().encode(),
    "upper": lambda word: word.upper().encode(),
    "UTF-16 LE": lambda word: word.encode("utf-16-le"),
    "UTF-16 BE": lambda word: word.encode("utf-16-be"),
    "hex": lambda word: word.encode().hex().encode(),
    "HEX": lambda word: word.encode().hex().upper().encode(),
    "base64": lambda word: base64.b64encode(b"a" + word.encode() + b"zz"),
    "base64, shifted": lambda word: base64.b64encode(b"ab" + word.encode() + b"z"),
    "base64, even": lambda word: base64.b64encode(word.encode()),
    "base64, for addresses": lambda word: base64.urlsafe_b64encode(b"abc" + word.encode()),
}
KINDS = (
    "gzip",
    "zstd",
    "gzip in the middle",
    "zstd in the middle",
    "gzip in base64",
    "zip",
    "parquet",
    "sqlite",
)


def _scan(content: bytes) -> set[str]:
    scan = Scan(NEEDLES)
    scan.content(content, where="here")
    return {found.word for _, found in scan.found}


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("writing", WRITINGS)
def test_every_writing_is_found(word: str, writing: str) -> None:
    """Wherever in the middle of other bytes it stands."""
    written = WRITINGS[writing](word)

    assert _scan(NOISE[:100_001] + written + NOISE[100_001:]) == {word}


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_packing_is_seen_through(word: str, kind: str) -> None:
    """Compressed, archived, or cut into pages, and one inside the other."""
    plain = f"a line, {word}, and another".encode()

    assert _scan(packed(plain, kind)) == {word}
    assert _scan(packed(packed(plain, kind), "gzip")) == {word}


def test_dates_in_parquet_are_read_as_days(tmp_path: Path) -> None:
    """A birth date in a column of dates is found, though no letter of it stands in the file."""
    pq.write_table(pa.table({"born": [date(1871, 3, 4)]}), tmp_path / "a.parquet")
    scan = Scan(NEEDLES)
    scan.folder(tmp_path)

    assert [(found.word, found.form) for _, found in scan.found] == [("1871-03-04", "plain")]


def test_a_file_may_be_named_after_somebody(tmp_path: Path) -> None:
    """Names of files are looked at too."""
    (tmp_path / "bulletin_QZXW71030412.pdf").touch()
    scan = Scan(NEEDLES)
    scan.folder(tmp_path)

    assert {found.word for _, found in scan.found} == {"QZXW71030412"}


def test_a_word_across_two_pieces_is_found() -> None:
    """Large content is searched in pieces that overlap."""
    content = bytearray(NOISE * 29)
    at = (1 << 23) - 5
    content[at : at + 12] = b"QZXW71030412"

    assert {found.word for found in NEEDLES.search(bytes(content))} == {"QZXW71030412"}


def test_noise_holds_nobody() -> None:
    """What is not there is not found."""
    assert _scan(NOISE) == set()

"""Look at every byte below a folder, and at what its files hold once they are unpacked."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import re
import sqlite3
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.builders.needles import Found, Needles

_GZIP, _ZSTD, _ZIP, _PARQUET, _SQLITE = (
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"PK\x03\x04",
    b"PAR1",
    b"SQLite format 3",
)
_LONG_BASE64 = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")
_DEEPEST = 4


@dataclass
class Scan:
    """What was looked at, and what was found where."""

    needles: Needles
    n_files: int = 0
    n_bytes: int = 0
    n_unpacked: int = 0
    containers: Counter[str] = field(default_factory=Counter)
    found: list[tuple[str, Found]] = field(default_factory=list)

    def folder(self, folder: Path) -> None:
        """Look at every file below a folder, and at the files' names."""
        for path in sorted(folder.rglob("*")):
            self.text(str(path.relative_to(folder)).encode(), where=f"the name of {path}")
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                self.n_files += 1
                self.n_bytes += len(content)
                self.content(content, where=str(path))

    def content(self, content: bytes, *, where: str, depth: int = 0) -> None:
        """Look at some bytes, and at what they unpack to."""
        self.text(content, where=where)
        if depth == _DEEPEST:
            return
        for kind, unpacked in _unpacked(content):
            self.containers[kind] += 1
            self.n_unpacked += len(unpacked)
            self.content(unpacked, where=f"{where} ({kind})", depth=depth + 1)

    def text(self, content: bytes, *, where: str) -> None:
        """Look at some bytes as they are."""
        self.found += [(where, found) for found in self.needles.search(content)]


def _unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    if content.startswith(_PARQUET):
        yield "parquet", _parquet(content)
    elif content.startswith(_ZIP):
        yield from _zip(content)
    elif content.startswith(_SQLITE):
        yield "sqlite", _sqlite(content)
    else:
        yield from _streams(content)
        for match in _LONG_BASE64.finditer(content):
            try:
                plain = base64.b64decode(match[0] + b"=" * (-len(match[0]) % 4))
            except binascii.Error:
                continue
            if plain.startswith((_GZIP, _ZSTD, _ZIP, _PARQUET)):
                yield "base64", plain


def _streams(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what gzip and zstd streams hold, wherever in the content one begins."""
    for kind, mark in (("gzip", _GZIP), ("zstd", _ZSTD)):
        place = content.find(mark)
        while place >= 0:
            unpacked = _gzip(content[place:]) if kind == "gzip" else _zstd(content[place:])
            if unpacked:
                yield kind, unpacked
            place = content.find(mark, place + 1)


def _gzip(content: bytes) -> bytes:
    stream, parts = zlib.decompressobj(wbits=31), []
    try:
        parts.append(stream.decompress(content))
    except zlib.error:
        return b""
    return b"".join(parts)


def _zstd(content: bytes) -> bytes:
    parts = []
    try:
        with pa.input_stream(io.BytesIO(content), compression="zstd") as stream:
            while part := stream.read(1 << 20):
                parts.append(part)
    except (OSError, pa.ArrowInvalid):
        # What follows the stream is none; what was read before stands.
        pass
    return b"".join(parts)


def _zip(content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for name in packed.namelist():
                yield "zip", name.encode() + b"\n" + packed.read(name)
    except (zipfile.BadZipFile, RuntimeError):
        return


def _parquet(content: bytes) -> bytes:
    """Return every cell as text, dates included, and every note in the footer."""
    file = pq.ParquetFile(pa.BufferReader(content))
    parts = [str(file.schema_arrow).encode(), str(file.metadata.metadata).encode()]
    for group in range(file.num_row_groups):
        for column in file.read_row_group(group).columns:
            if pa.types.is_nested(column.type) or pa.types.is_dictionary(column.type):
                parts.append(str(column.to_pylist()).encode())
                continue
            texts = pc.unique(column.cast(pa.string()) if not pa.types.is_binary(column.type) else column)
            parts.append("\n".join(str(text) for text in texts.to_pylist()).encode(errors="replace"))
    return b"\n".join(parts)


def _sqlite(content: bytes) -> bytes:
    """Return every row as text: a long cell is cut into pages in the file itself."""
    base = sqlite3.connect(":memory:")
    base.deserialize(content)
    try:
        return "\n".join(base.iterdump()).encode()
    finally:
        base.close()


def packed(content: bytes, kind: str) -> bytes:
    """Return the content packed in a way that the scan must see through; for its own tests."""
    if kind == "gzip":
        return gzip.compress(content)
    if kind == "zstd":
        return bytes(pa.Codec("zstd").compress(content, asbytes=True))
    if kind == "gzip in the middle":
        return b"before" * 100 + gzip.compress(content) + b"after" * 100
    if kind == "zstd in the middle":
        return b"before" * 100 + bytes(pa.Codec("zstd").compress(content, asbytes=True)) + b"after" * 100
    if kind == "gzip in base64":
        return b'{"file": "' + base64.b64encode(gzip.compress(content + bytes(range(256)))) + b'"}'
    if kind == "zip":
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside.txt", content)
        return target.getvalue()
    if kind == "parquet":
        target = io.BytesIO()
        pq.write_table(pa.table({"a": [content.decode()] * 3}), target, compression="zstd")
        return target.getvalue()
    assert kind == "sqlite"
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE t (a TEXT)")
    base.execute("INSERT INTO t VALUES (?)", ("." * 3_990 + content.decode() + "." * 9_000,))
    base.commit()
    return bytes(base.serialize())

"""Replace the codes that name people by keyed pseudonyms: the same person is the same id in every table."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from earlywarn.tables.code_form import CodeForm
from earlywarn.tables.keyring import PSEUDONYM_KEY, read_key

LENGTH = 32


def pseudonym_of(code: str, *, keys: Path, form: CodeForm | None = None) -> str:
    """Return the pseudonym of one code, the same in every table and at every intake of the network."""
    return pseudonyms([code], keys=keys, form=form)[0]


def pseudonyms(codes: Sequence[str], *, keys: Path, form: CodeForm | None = None) -> list[str]:
    """Return the pseudonym of each code, in whatever declared way it is written."""
    form = form or CodeForm()
    return keyed_hashes([form.folded(code) for code in codes], read_key(keys, PSEUDONYM_KEY))


def keyed_hashes(folded: Sequence[str], key: bytes) -> list[str]:
    """Return the first 128 bits of each code's HMAC-SHA256, in hexadecimal."""
    return [hmac.digest(key, code.encode(), "sha256").hex()[:LENGTH] for code in folded]


def learned(codes: Sequence[str], *, keys: Path, form: CodeForm) -> pa.Table:
    """Return `code` as given, `folded` and `pseudonym`; the last is null where the text is no code."""
    folded = [form.folded(code) for code in codes]
    hashes = keyed_hashes(folded, read_key(keys, PSEUDONYM_KEY))
    known = [found if form.fits(code) else None for code, found in zip(folded, hashes, strict=True)]
    text = pa.string()
    return pa.table(
        {"code": pa.array(codes, text), "folded": pa.array(folded, text), "pseudonym": pa.array(known, text)}
    )

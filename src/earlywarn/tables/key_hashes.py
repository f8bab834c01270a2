"""Tell whether any key stands twice among rows that are too many to hold, in flat memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_AT_ONCE = 1 << 25


class KeyHashes:
    """The 64-bit hashes of keys, kept in a file; sorted a share at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.n_rows = 0

    def add(self, hashes: np.ndarray) -> None:
        """Keep the hashes of some rows' keys."""
        with self._path.open("ab") as handle:
            # `tofile` would not say why a write failed.
            handle.write(np.ascontiguousarray(hashes, dtype=np.uint64).data)
        self.n_rows += len(hashes)

    def repeated(self) -> np.ndarray:
        """Return each hash that several rows share: where there is none, no two keys are alike."""
        if not self.n_rows:
            return np.zeros(0, dtype=np.uint64)
        hashes = np.memmap(self._path, dtype=np.uint64, mode="r")
        n_shares = -(-self.n_rows // _AT_ONCE)
        found = [_repeated(self._share(hashes, share, n_shares)) for share in range(n_shares)]
        return np.concatenate(found)

    @staticmethod
    def _share(hashes: np.ndarray, share: int, n_shares: int) -> np.ndarray:
        if n_shares == 1:
            return np.sort(hashes)
        pieces = []
        for at in range(0, len(hashes), _AT_ONCE):
            piece = np.asarray(hashes[at : at + _AT_ONCE])
            pieces.append(piece[piece % np.uint64(n_shares) == np.uint64(share)])
        return np.sort(np.concatenate(pieces))


def _repeated(ordered: np.ndarray) -> np.ndarray:
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])

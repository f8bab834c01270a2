"""Out of room anywhere, an intake says so, leaves the earlier state, and goes on once there is room."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders.nursery import Nursery, Run
from tests.builders.survival import Ends, Scene

PAGE = 4096
ROOM = "size=64m,nr_inodes=10k"


def _check(
    run: Run, given: Scene, ends: Ends, *, says: str = "the disk is full; free space and rerun"
) -> str:
    """Hold that a run did all or nothing, and said what to do about nothing."""
    if run.code == 0:
        assert given.tree() == ends.after
        return "room enough"
    assert run.code == 1
    assert says in run.said
    assert "Traceback" not in run.said
    assert given.tree() == ends.before
    assert given.seen() == ends.seen_before
    return "refused"


def _sizes(ends: Ends) -> list[int]:
    """Return how large a file may become: around the size of each that is written, and between them."""
    written = {len(content) for name, content in ends.after.items() if ends.before.get(name) != content}
    return sorted(
        {0, 1, 8 * max(written), *(size + more for size in written for more in (-size // 2, -1, 0))}
    )


def test_files_that_cannot_grow(
    given: Scene, warm: Nursery, ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    """However many bytes a file may have: all of the new state, or the earlier one and a clear word."""
    found = Counter[str]()
    for size in _sizes(ends):
        given.begin()
        found[_check(warm.run(given.ingest, given.settings, largest_file=size), given, ends)] += 1
        assert warm.run(given.ingest, given.settings).code == 0
        assert given.tree() == ends.after

    with capsys.disabled():
        print(f"\nintake: largest file swept over {found.total()} sizes: {dict(found)}")  # noqa: T201
    assert found["refused"] >= 10


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Put a small file system of its own at `folder`; skip where this account may not."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ROOM, "none", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this account may not mount a file system: the full disk is not tried")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def _used(folder: Path) -> tuple[int, int]:
    """Return how many bytes and inodes are taken."""
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree


@pytest.fixture
def on_disk(given: Scene, tmp_path: Path) -> Iterator[Scene]:
    """Return the scene on a small disk of its own."""
    with _disk(tmp_path / "disk"):
        yield replace(given, home=tmp_path / "disk")


@pytest.mark.parametrize("what", ["bytes", "inodes"])
def test_a_full_disk(
    on_disk: Scene, warm: Nursery, ends: Ends, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """However little room is left: all or nothing, a clear word, and the same bytes once there is room."""
    found = Counter[str]()
    for more in range(200):
        _remount(on_disk.home, ROOM)
        on_disk.begin()
        n_bytes, n_inodes = _used(on_disk.home)
        left = f"size={n_bytes + more * PAGE}" if what == "bytes" else f"nr_inodes={n_inodes + more}"
        _remount(on_disk.home, left)
        outcome = _check(warm.run(on_disk.ingest, on_disk.settings), on_disk, ends)
        found[outcome] += 1
        _remount(on_disk.home, ROOM)
        assert warm.run(on_disk.ingest, on_disk.settings).code == 0
        assert on_disk.tree() == ends.after
        if outcome == "room enough":
            break

    with capsys.disabled():
        print(f"\nintake: free {what} swept from none to enough: {dict(found)}")  # noqa: T201
    assert found["refused"] >= 5


def test_a_disk_that_can_only_be_read(on_disk: Scene, warm: Nursery, ends: Ends) -> None:
    """The refusal names the folder, and readers go on."""
    on_disk.begin()
    _remount(on_disk.home, "ro")
    run = warm.run(on_disk.ingest, on_disk.settings)

    assert (
        _check(run, on_disk, ends, says="the folder cannot be written; check its rights and rerun")
        == "refused"
    )

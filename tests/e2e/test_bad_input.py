"""Bad input ends with one clear sentence, a non-zero exit and no half-written state."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from earlywarn.workspace import locked
from tests.builders.nursery import nursery

if TYPE_CHECKING:
    from earlywarn.pipeline.demo import Demo

PROJECT = Path(__file__).resolve().parents[2]
TOMLS = sorted(path.relative_to(PROJECT) for path in (PROJECT / "models").rglob("*.toml"))
ALSO = ("earlywarn.pipeline.check", "earlywarn.pipeline.serve", "earlywarn.pipeline.train")

Verb = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def run() -> Iterator[Verb]:
    """Return what runs a verb in a process of its own, and says how it ended and what it said."""
    with nursery(*ALSO) as warm:

        def ran(
            *words: str, home: Path, keys: Path | None = None, limit: int | None = None
        ) -> tuple[int, str]:
            settings = {
                "EARLYWARN_APP_DIR": str(PROJECT),
                "EARLYWARN_HOME": str(home),
                "EARLYWARN_KEYS": str(keys or home.parent / "keys"),
            }
            ended = warm.run(words, settings, largest_file=limit)
            return ended.code, ended.said

        yield ran


def _refused(answer: tuple[int, str], *words: str) -> None:
    code, said = answer
    last = said.strip().splitlines()[-1]

    assert code != 0
    assert "Traceback" not in said
    assert [word for word in words if word not in last] == [], last


@pytest.fixture
def copied(demo: Demo, tmp_path: Path) -> Path:
    """Return a workspace of its own, as the demonstration's was when it was built, without its server."""
    home = tmp_path / "home"
    shutil.copytree(demo.workspace.home, home, ignore=shutil.ignore_patterns("server", "locks"))
    return home


def _state(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and "locks" not in path.parts and "reports" not in path.parts
    }


def test_a_missing_folder_is_named(run: Verb, tmp_path: Path) -> None:
    """Taking in files that are not there says which, and starts nothing."""
    home = tmp_path / "home"

    answer = run("ingest", "quebec", str(tmp_path / "nowhere"), home=home)

    _refused(answer, "nowhere")
    assert not (home / "tables" / "ledger.json").exists()


def test_a_missing_file_is_named(run: Verb, demo: Demo, tmp_path: Path) -> None:
    """A folder without one of the declared files says which file is missing."""
    extracts = tmp_path / "extracts"
    shutil.copytree(demo.keys.parent / "extracts", extracts)
    (extracts / "eleves.csv").unlink()

    answer = run("ingest", "quebec", str(extracts), home=tmp_path / "home")

    _refused(answer, "eleves.csv")
    assert not (tmp_path / "home" / "tables" / "ledger.json").exists()


def test_an_unknown_column_in_a_file_is_named(run: Verb, demo: Demo, tmp_path: Path) -> None:
    """A column that no rule names refuses the file, and nothing of it is taken in."""
    extracts = tmp_path / "extracts"
    shutil.copytree(demo.keys.parent / "extracts", extracts)
    schools = extracts / "ecoles.csv"
    text = schools.read_text(encoding="cp1252").replace("Nom du CSS", "Nom nouveau", 1)
    schools.write_text(text, encoding="cp1252")

    answer = run("ingest", "quebec", str(extracts), home=tmp_path / "home")

    _refused(answer, "ecoles.csv", "Nom")
    assert not (tmp_path / "home" / "tables" / "ledger.json").exists()


@pytest.mark.parametrize("toml", TOMLS, ids=str)
def test_an_unknown_key_in_any_declaration_is_found_at_its_line(
    run: Verb, toml: Path, tmp_path: Path
) -> None:
    """`check` names the file and the line of a key that nothing reads."""
    network = tmp_path / toml.parts[1]
    shutil.copytree(PROJECT / "models" / toml.parts[1], network)
    broken = tmp_path / toml.relative_to("models")
    broken.write_text('mistyped_key = "x"\n' + broken.read_text(encoding="utf-8"), encoding="utf-8")

    code, said = run("check", str(network), home=tmp_path / "home")

    assert code == 1
    assert f"{broken}:1: unknown key 'mistyped_key'" in said


def test_a_wrong_date_on_the_command_line_is_refused(run: Verb, tmp_path: Path) -> None:
    """A day that no calendar has is refused before anything starts."""
    code, said = run("score", "quebec", "--as-of", "2026-02-30", home=tmp_path / "home")

    assert code == 2
    assert "2026-02-30" in said


def test_an_as_of_date_in_the_future_is_refused(run: Verb, copied: Path, demo: Demo) -> None:
    """Nobody can be scored as of a day that has not come."""
    before = _state(copied)

    answer = run(
        "score", "quebec", "--as-of", "2026-11-21", "--today", "2026-11-20", home=copied, keys=demo.keys
    )

    _refused(answer, "2026-11-21", "future")
    assert _state(copied) == before


def test_a_spec_whose_splits_are_empty_is_refused(
    run: Verb, copied: Path, demo: Demo, tmp_path: Path
) -> None:
    """A model that nothing can test is refused before anything is fitted."""
    network = tmp_path / "quebec"
    shutil.copytree(PROJECT / "models" / "quebec", network)
    spec = network / "dropout" / "model.toml"
    spec.write_text(spec.read_text(encoding="utf-8").replace('test = "latest"', 'test = ["1999-2000"]'))
    before = _state(copied)

    answer = run("train", str(network / "dropout"), "--today", "2026-11-20", home=copied, keys=demo.keys)

    _refused(answer, "1999-2000")
    assert _state(copied) == before


def test_a_published_folder_with_one_byte_changed_is_refused(run: Verb, copied: Path, demo: Demo) -> None:
    """Scoring reads only what was signed, byte for byte."""
    changed = next(copied.glob("published/*/*/calibrator.json"))
    content = bytearray(changed.read_bytes())
    content[-3] ^= 1
    changed.write_bytes(bytes(content))
    before = _state(copied)

    answer = run("score", "quebec", "--as-of", "2026-11-20", "--no-store", home=copied, keys=demo.keys)

    _refused(answer, "calibrator.json")
    assert _state(copied) == before


def test_a_second_training_at_the_same_time_is_told_who_is_at_work(
    run: Verb, copied: Path, demo: Demo
) -> None:
    """One training runs; the other ends at once and says who holds the workspace."""
    from earlywarn.workspace import Workspace

    with locked(Workspace(copied), "train", owner="the first training"):
        answer = run("train", "quebec/dropout", "--today", "2026-11-20", home=copied, keys=demo.keys)

    _refused(answer, "the first training")


def test_a_full_disk_leaves_the_earlier_tables_whole(
    run: Verb, copied: Path, demo: Demo, tmp_path: Path
) -> None:
    """Where a file cannot grow, intake says so, and the tables stay as they were."""
    extracts = tmp_path / "extracts"
    shutil.copytree(demo.keys.parent / "extracts", extracts)
    incidents = extracts / "evenements.csv"
    lines = incidents.read_bytes().splitlines(keepends=True)
    incidents.write_bytes(b"".join(lines[: len(lines) // 2]))
    before = _state(copied)

    answer = run("ingest", "quebec", str(extracts), home=copied, keys=demo.keys, limit=1_024)

    _refused(answer, "disk is full")
    assert _state(copied) == before


def test_serving_where_nothing_is_published_is_refused(run: Verb, tmp_path: Path) -> None:
    """A service that could answer nothing does not start."""
    answer = run("serve", "quebec", "--port", "8399", home=tmp_path / "home")

    _refused(answer, "no model is published", "earlywarn publish")

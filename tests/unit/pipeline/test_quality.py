"""The verb writes one whole folder a day: figures as JSON, an overview, two pages per school."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from earlywarn.errors import AsOfError, BusyError
from earlywarn.pipeline.quality import QualityRun, quality
from earlywarn.workspace import locked
from tests.builders.intake import Network
from tests.builders.recording import AS_OF, SIZES, recording_network


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Return the network with known habits."""
    return recording_network(tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def run(network: Network) -> QualityRun:
    """Return what the verb found."""
    return quality(network.home / "network", network.workspace, as_of=AS_OF)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_figures_an_overview_and_every_school(run: QualityRun, network: Network) -> None:
    """Two pages a school, two overviews, one JSON, and nothing else is left behind."""
    wanted = {f"schools/{school}.{language}.html" for school in SIZES for language in ("fr", "en")}
    wanted |= {"quality.json", "index.fr.html", "index.en.html"}

    assert run.folder == network.workspace.reports / "quality" / "2026-11-20"
    assert files_of(run.folder).keys() == wanted
    assert [path.name for path in run.folder.parent.iterdir()] == ["2026-11-20"]


def test_the_figures_name_their_rule(run: QualityRun) -> None:
    """Who reads the JSON finds by what rule a verdict was given."""
    stored = json.loads((run.folder / "quality.json").read_text(encoding="utf-8"))

    assert (stored["format"], stored["as_of"]) == (1, "2026-11-20")
    assert stored["period"] == {"first": "2026-07-01", "last": "2026-11-19"}
    assert (stored["rule"]["fewest_schools"], stored["rule"]["least_differences"]["silent"]) == (10, 0.05)
    assert {school["school_id"] for school in stored["schools"]} == SIZES.keys()


def test_the_same_day_again_is_the_same_folder(run: QualityRun, network: Network) -> None:
    """A second run replaces the folder by one that is byte for byte the same."""
    before = files_of(run.folder)

    quality(network.home / "network", network.workspace, as_of=AS_OF)

    assert files_of(run.folder) == before


def test_a_run_that_fails_leaves_the_earlier_folder(run: QualityRun, network: Network) -> None:
    """A day that cannot be looked at changes nothing, and leaves no part behind."""
    before = files_of(run.folder.parent)

    with pytest.raises(AsOfError, match="nobody is enrolled"):
        quality(network.home / "network", network.workspace, as_of=date(2020, 1, 1))
    assert files_of(run.folder.parent) == before


def test_a_second_run_at_the_same_time_is_told_who(network: Network) -> None:
    """One process at a time looks at a workspace."""
    with (
        locked(network.workspace, "quality", owner="quality"),
        pytest.raises(BusyError, match="quality"),
    ):
        quality(network.home / "network", network.workspace, as_of=AS_OF)


def test_the_sentence_says_how_many_have_something_to_settle(run: QualityRun) -> None:
    """Seven schools with a habit of their own, of seventeen."""
    assert run.summary().startswith("data quality as of 2026-11-20: 7 of 17 schools have something to settle")


def test_a_school_id_that_is_no_file_name_stays_inside_the_folder() -> None:
    """An id with a path in it, or one too long, is named by its digest."""
    from earlywarn.pipeline.quality import _page_name

    assert _page_name("901001") == "901001"
    for strange in ("../../etc/passwd", "a/b", "", "é", "x" * 80, ".hidden"):
        assert _page_name(strange).startswith("school-")

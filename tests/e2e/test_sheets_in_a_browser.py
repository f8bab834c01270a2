"""Sheets in a real browser: a clerk's report and a school's data quality, as files and in the service."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.quality import quality
from earlywarn.synthetic import soil, synthesize
from earlywarn.workspace import Workspace
from tests.builders.recording import AS_OF, recording_network
from tests.builders.served import Served
from tests.e2e.test_pages_in_a_browser import COLORS, DESKTOP, PHONE, contrast

FILES = (
    "intake-000001.fr.html",
    "quality/2026-11-20/index.fr.html",
    "quality/2026-11-20/schools/s12.fr.html",
)
OVERFLOW = "() => document.documentElement.scrollWidth"
TABLES_FIT = """() => [...document.querySelectorAll('table')].every(
  table => table.scrollWidth <= table.parentElement.clientWidth + 1)"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """Return a folder of reports: one on dirty files, and the data quality of a network with known habits."""
    home = tmp_path_factory.mktemp("reports")
    files, dirty = home / "extracts", Workspace(home / "dirty")
    synthesize(files, n_students=2_000, n_school_years=3, until=AS_OF, seed=1)
    soil(files, "2026-2027")
    ingest(project / "models" / "quebec", files, dirty, received_on=AS_OF, backfill=True, keys=home / "keys")
    network = recording_network(home / "recording")
    quality(network.home / "network", network.workspace, as_of=AS_OF)
    (network.workspace.reports / "quality").rename(dirty.reports / "quality")
    return dirty.reports


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """Return an empty window without script; whatever a page asks of elsewhere fails the test."""
    context = browser.new_context(locale="fr-CA", java_script_enabled=False, viewport=DESKTOP)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    context.close()
    assert [url for url in asked if not url.startswith(("file://", "http://127.0.0.1:"))] == []
    assert [text for text in complaints if "Content Security Policy" in text] == []


@pytest.fixture
def school_page(window: Page, running: Served) -> Page:
    """Return the principal's page of the school's data quality."""
    window.goto(f"{running.url}/sign-in")
    window.get_by_role("button", name="Une direction d’école").click()
    window.wait_for_url("**/students")
    window.get_by_role("link", name="Un point à régler").click()
    window.wait_for_url("**/schools/s1/quality")
    return window


@pytest.mark.parametrize("file", FILES)
def test_a_file_fits_a_phone_and_stands_out(window: Page, reports: Path, file: str) -> None:
    """Nothing scrolls sideways at 360 pixels; every text has a contrast of 4.5 to 1."""
    window.goto((reports / file).as_uri())
    pairs = window.locator("main").evaluate(COLORS)
    window.set_viewport_size(PHONE)

    assert window.evaluate(OVERFLOW) <= PHONE["width"]
    assert len(pairs) > 20
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


@pytest.mark.parametrize("file", FILES)
def test_a_file_fits_every_width(window: Page, reports: Path, file: str) -> None:
    """Between a phone and a desktop, nothing is wider than the window or than the column of text."""
    window.goto((reports / file).as_uri())
    found = {}
    for width in (480, 710, 800, 935, 1000, 1280):
        window.set_viewport_size({"width": width, "height": 900})
        found[width] = window.evaluate(OVERFLOW) <= width and window.evaluate(TABLES_FIT)

    assert found == dict.fromkeys(found, True)


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_its_language_and_headings_in_order(window: Page, reports: Path, file: str) -> None:
    """A screen reader finds one title, no level left out, and the heads of every table."""
    window.goto((reports / file).as_uri())
    levels = [
        int(tag[1]) for tag in window.locator("h1,h2,h3").evaluate_all("all => all.map(x => x.tagName)")
    ]

    assert window.locator("html").get_attribute("lang") == "fr-CA"
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert window.get_by_role("columnheader").count() >= 3
    assert window.locator("table").count() == window.locator("caption").count()


def test_a_file_leads_to_the_other_language_and_prints_without_links(window: Page, reports: Path) -> None:
    """English is one link away; on paper the links are gone and the counts stay in a table."""
    window.goto((reports / FILES[0]).as_uri())
    window.emulate_media(media="print")
    window.set_viewport_size({"width": 690, "height": 900})
    printed = window.locator(".masthead nav").is_visible(), window.locator("thead").first.is_visible()
    window.emulate_media(media="screen")
    window.get_by_role("link", name="English").click()

    assert printed == (False, True)
    assert window.locator("html").get_attribute("lang") == "en-CA"
    assert window.get_by_text("To do first").is_visible()


def test_the_overview_leads_to_each_school_and_back(window: Page, reports: Path) -> None:
    """From all schools to the one that records nothing on Fridays, and back."""
    window.goto((reports / FILES[1]).as_uri())
    window.get_by_role("link", name="École s12").click()
    title = window.locator("h1").inner_text()
    finding = window.get_by_text("Vérifier la saisie du vendredi").is_visible()
    window.get_by_role("link", name="Toutes les écoles").click()

    assert (title, finding) == ("École s12", True)
    assert window.get_by_text("7 écoles sur 17").is_visible()


def test_a_principal_comes_from_the_rosters_and_goes_back(school_page: Page) -> None:
    """The notice leads to the page, the page back to the rosters, without script."""
    assert school_page.locator("h1").inner_text() == "École Un"
    school_page.get_by_role("link", name="← Mon école").click()

    assert school_page.locator("table.roster").count() == 4


def test_the_services_page_fits_a_phone_and_stands_out(school_page: Page) -> None:
    """The same sheet within the service: nothing cut off, contrast of 4.5 to 1, drawings in their colors."""
    pairs = school_page.locator("main").evaluate(COLORS)
    fill = school_page.locator("svg.strip circle.own").evaluate("x => getComputedStyle(x).fill")
    school_page.set_viewport_size(PHONE)

    assert school_page.evaluate(OVERFLOW) <= PHONE["width"]
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []
    assert fill == "rgb(31, 79, 99)"


def test_the_services_page_prints(school_page: Page) -> None:
    """Printed, the navigation is gone and what to settle is there."""
    school_page.emulate_media(media="print")

    assert not school_page.locator(".masthead nav").is_visible()
    assert school_page.get_by_text("Vérifier la saisie du vendredi").is_visible()

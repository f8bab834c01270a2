"""The pages in a real browser: the whole way without script, on a phone, at AA contrast, and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.builders.served import Served

PHONE = ViewportSize(width=360, height=740)
DESKTOP = ViewportSize(width=1280, height=900)


@pytest.fixture
def page(browser: Browser, running: Served) -> Iterator[Page]:
    """Return a French visitor's page, without script; whatever breaks the policy fails the test."""
    context = browser.new_context(
        base_url=running.url, locale="fr-CA", java_script_enabled=False, viewport=DESKTOP
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    context.close()
    assert [text for text in complaints if "Content Security Policy" in text] == []


def sign_in(page: Page, button: str = "Une enseignante") -> None:
    """Sign in by pressing a button."""
    page.goto("/")
    page.get_by_role("button", name=button).click()
    page.wait_for_url("**/students")


def test_the_whole_way_without_script(page: Page) -> None:
    """Sign in, see the own students, read one, turn to English, sign out: links and buttons do it all."""
    sign_in(page)
    assert page.locator("h1").inner_text() == "Mes élèves"
    assert page.get_by_text("environ 1 sur 4", exact=True).count() == 2

    page.get_by_role("link", name="Zúñiga, Ana").click()
    assert page.locator("h1").inner_text() == "Ana Zúñiga"
    assert page.locator("table.evidence").count() >= 2

    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en-CA"
    assert page.get_by_text("What can be acted on").count() == 2

    page.get_by_role("button", name="Sign out").click()
    page.goto("/students/ana")
    assert page.locator("h1").inner_text() == "Sign-in needed"


def test_a_principal_reads_rosters_by_grade(page: Page) -> None:
    """The school's page has a heading for each grade, and a table with headers for each outcome."""
    sign_in(page, "Une direction d’école")

    assert page.locator("h1").inner_text() == "École Un"
    assert page.locator("h2").count() == 3
    assert page.locator("table.roster").count() == 4
    assert page.locator("table.roster").first.get_by_role("columnheader").count() == 3


@pytest.mark.parametrize("path", ["/sign-in", "/students", "/students/ana"])
def test_nothing_is_cut_off_on_a_phone(page: Page, path: str) -> None:
    """At 360 pixels nothing scrolls sideways, and every target is large enough for a thumb."""
    sign_in(page)
    page.set_viewport_size(PHONE)
    page.goto(path)
    boxes = [box for found in page.get_by_role("button").all() if (box := found.bounding_box())]

    assert page.locator("body").evaluate("body => document.documentElement.scrollWidth") <= PHONE["width"]
    assert all(box["height"] >= 24 for box in boxes)


def test_a_name_that_is_markup_runs_nothing(page: Page) -> None:
    """The student whose name is an image with a script is shown by that name, without an image."""
    sign_in(page)

    assert page.get_by_role("link", name="<img src=x onerror=alert(1)>, Bob").count() == 1
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("path", ["/sign-in", "/students", "/students/ana"])
def test_text_stands_out_from_its_ground(page: Page, path: str) -> None:
    """Every text has a contrast of at least 4.5 to 1 (WCAG 2.2 AA)."""
    sign_in(page)
    page.goto(path)
    pairs = page.locator("main").evaluate(COLORS)

    assert len(pairs) > 5
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


def test_headings_and_landmarks_are_in_order(page: Page) -> None:
    """One first heading, no level left out, one main part, a way past the navigation, a language."""
    sign_in(page)
    levels = [
        int(tag[1]) for tag in page.locator("h1,h2,h3,h4").evaluate_all("all => all.map(x => x.tagName)")
    ]

    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert (page.locator("main").count(), page.locator("a.skip").count()) == (1, 1)
    assert page.locator("html").get_attribute("lang") == "fr-CA"


def test_the_keyboard_reaches_everything_in_order(page: Page) -> None:
    """The first Tab shows the way to the content; focus is visible."""
    sign_in(page)
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")

    assert skip.evaluate("link => link === document.activeElement")
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0


def test_paper_carries_what_matters(page: Page) -> None:
    """Printed, the navigation is gone and the day, the reasons and who decides are there."""
    sign_in(page)
    page.emulate_media(media="print")

    assert not page.locator(".masthead nav").is_visible()
    assert page.get_by_text("Situation au 20 novembre 2026").first.is_visible()
    assert page.get_by_text("Sur quoi on peut agir").first.is_visible()
    assert page.get_by_text("Qui décide").is_visible()


COLORS = """main => {
  const solid = color => !/rgba\\(.*, 0\\)|transparent/.test(color);
  const ground = node => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (solid(color)) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...main.querySelectorAll('*')].filter(
    node => [...node.childNodes].some(part => part.nodeType === 3 && part.textContent.trim()));
  return texts.map(node => [getComputedStyle(node).color, ground(node)]);
}"""


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast of two CSS colors."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

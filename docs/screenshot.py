"""Write a small picture of a teacher's page from a running demonstration: `docs/screenshot.py URL FILE.png`.

It starts nothing: serve the demonstration first (`make serve`). It needs the development requirements and a
Chromium (`CHROMIUM`, default Debian's).
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDTH, HEIGHT = 1000, 860
LARGEST = 200_000


def main(base_url: str, target: Path) -> None:
    """Sign in as the demonstration's teacher, and keep what the page shows first."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="fr-CA")
        picture = _teachers_page(page, base_url.rstrip("/"))
        browser.close()
    content = small_png(picture)
    target.write_bytes(content)
    print(f"{target}: {len(content) / 1000:.0f} kB")


def _teachers_page(page: Page, base_url: str) -> bytes:
    page.goto(f"{base_url}/sign-in")
    page.get_by_role("button", name="Une enseignante").click()
    page.wait_for_url("**/students")
    return page.screenshot()


def small_png(picture: bytes) -> bytes:
    """Return the picture with few colors, which a page of text does not miss.

    Raises:
        SystemExit: It is still too large for a repository.
    """
    out = io.BytesIO()
    colors = Image.open(io.BytesIO(picture)).convert("RGB").quantize(64)
    colors.save(out, "PNG", optimize=True)
    if out.tell() > LARGEST:
        sys.exit(f"the picture has {out.tell()} bytes: show less of the page")
    return out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

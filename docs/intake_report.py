"""Write the picture of an intake's report: `python -m docs.intake_report FILE.png`.

It invents a network, soils its extracts, takes them in, and keeps what the French page shows first. It needs
the development requirements and a Chromium (`CHROMIUM`, default Debian's).
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path

from playwright.sync_api import sync_playwright

from docs.screenshot import CHROMIUM, small_png
from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.stored_reports import report_page
from earlywarn.synthetic import soil, synthesize
from earlywarn.workspace import Workspace

RECEIVED = date(2026, 11, 20)
NETWORK = Path(__file__).resolve().parent.parent / "models" / "quebec"
WIDTH, HEIGHT = 1000, 1340


def main(target: Path) -> None:
    """Take dirty files in, and picture the page."""
    with tempfile.TemporaryDirectory() as folder:
        page = dirty_report(Path(folder))
        content = small_png(picture_of(page))
    target.write_bytes(content)
    print(f"{target}: {len(content) / 1000:.0f} kB")


def dirty_report(folder: Path) -> Path:
    """Return the French page of the report on an invented network's soiled extracts."""
    files, workspace = folder / "extracts", Workspace(folder / "workspace")
    synthesize(files, n_students=2_000, n_school_years=3, until=RECEIVED, seed=1)
    soil(files, "2026-2027")
    report = ingest(NETWORK, files, workspace, received_on=RECEIVED, backfill=True, keys=folder / "keys")
    return report_page(report, workspace, "fr")


def picture_of(page: Path) -> bytes:
    """Return what a desktop window shows of a page first."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        window = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="fr-CA")
        window.goto(page.as_uri())
        picture = window.screenshot()
        browser.close()
    return picture


if __name__ == "__main__":
    main(Path(sys.argv[1]))

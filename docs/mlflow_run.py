"""Write a picture of a run's page from a running `mlflow ui`: `python -m docs.mlflow_run URL MODEL FILE.png`.

It starts nothing: docs/mlflow.md says how to start MLflow's pages. MODEL is a registered model, such as
`quebec.dropout`; the page is that of its candidate's run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

from docs.screenshot import CHROMIUM, small_png

WIDTH, HEIGHT = 1300, 950
PATIENCE = 30_000


def main(base_url: str, model: str, target: Path) -> None:
    """Open the run's overview among the trainings, and keep what the page shows first."""
    experiment, run = _run_of(base_url, model)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{base_url}/#/experiments/{experiment}/runs/{run}")
        page.get_by_text("Registered models").wait_for(timeout=PATIENCE)
        _put_aside_what_is_not_ours(page)
        page.get_by_text("Registered models").wait_for(timeout=PATIENCE)
        page.wait_for_timeout(3_000)
        picture = page.screenshot()
        browser.close()
    content = small_png(picture)
    target.write_bytes(content)
    print(f"{target}: {len(content) / 1000:.0f} kB")


def _run_of(base_url: str, model: str) -> tuple[str, str]:
    """Return the experiment and the run of a model's candidate."""
    from mlflow import MlflowClient

    client = MlflowClient(base_url, base_url)
    run = client.get_run(str(client.get_model_version_by_alias(model, "candidate").run_id))
    return str(run.info.experiment_id), str(run.info.run_id)


def _put_aside_what_is_not_ours(page: Page) -> None:
    """Close the panel of MLflow's assistant, where there is one, and show the pages of trainings."""
    try:
        page.locator('button[aria-label="Close"]').first.click(timeout=3_000)
    except Error:
        print("no panel to close")
    page.get_by_text("Model training", exact=True).first.click(timeout=PATIENCE)
    page.wait_for_timeout(2_000)
    page.go_back()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), sys.argv[2], Path(sys.argv[3]))

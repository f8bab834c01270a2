"""Write the figures and the picture of `docs/lists.md` anew: `python -m docs.lists_page`.

Figures come from the committed sheets; the picture and its table also need the published flags, where
EARLYWARN_DATA has them, and are left as they are without.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from benchmarks.published_flags import MODELS, flags_file, read_flags, table
from earlywarn.evaluation.lists_text import list_lines

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "lists.md"
PICTURE = PROJECT / "docs" / "published-flags.png"
SHOWN = Path("quebec") / "dropout"


def sheet_of(models: Path, model: Path | str) -> dict[str, Any]:
    """Return a committed sheet."""
    found: dict[str, Any] = json.loads((models / model / "backtest.json").read_text(encoding="utf-8"))
    return found


def lists_block(sheet: dict[str, Any]) -> str:
    """Return what `earlywarn report` prints of a model's lists."""
    return "\n".join(list_lines(sheet["backtests"][0])).strip()


def with_block(page: str, name: str, block: str) -> str:
    """Return the page with one block of figures replaced: the text that follows the comment of its name."""
    pattern = rf"(<!-- {name} -->\n```text\n)[^`]*(```\n)"
    written, n = re.subn(pattern, lambda found: f"{found[1]}{block}\n{found[2]}", page)
    if n != 1:
        raise SystemExit(f"{PAGE.name} has {n} blocks named {name}")
    return written


def main() -> None:
    """Write the page, and the picture where the flags are."""
    parser = argparse.ArgumentParser(description="Write the figures of docs/lists.md anew.")
    parser.add_argument("--models", type=Path, default=PROJECT / "models", help="where NETWORK/MODEL/ lie")
    models = parser.parse_args().models
    page = with_block(PAGE.read_text(encoding="utf-8"), "lists", lists_block(sheet_of(models, SHOWN)))
    path = flags_file()
    if path.is_file():
        # Only drawing needs matplotlib, which takes seconds to import.
        from benchmarks.published_flags_picture import draw

        flags, sheets = read_flags(path), [(shown, sheet_of(models, shown.model)) for shown in MODELS]
        page = with_block(page, "flags", table(sheets, flags))
        PICTURE.write_bytes(draw(sheets, flags))
        print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")
    else:
        print(f"{PICTURE} stays as it is: no {path}")
    PAGE.write_text(page, encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()

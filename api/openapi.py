"""Print the service's OpenAPI description: `python -m api.openapi > api/openapi.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from api.main import create_app
from api.settings import ServiceSettings


def openapi_text() -> str:
    """Return the description as it is committed."""
    nowhere = Path("unused")
    settings = ServiceSettings(network=nowhere, home=nowhere, keys=nowhere)
    return json.dumps(create_app(settings).openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_text())

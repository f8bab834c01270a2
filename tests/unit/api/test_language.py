"""Pages remember a chosen language; systems are answered by `Accept-Language` alone."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from api.language import language_of


def _asked(path: str, query: str = "", cookie: str = "") -> HTTPConnection:
    headers = [(b"cookie", cookie.encode()), (b"accept-language", b"fr-CA")]
    return HTTPConnection({"type": "http", "path": path, "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("path", "language"),
    [("/v1/models", "fr"), ("/healthz", "fr"), ("/students", "en"), ("/v10", "en")],
)
def test_a_choice_holds_for_pages_only(path: str, language: str) -> None:
    """Neither the cookie nor the link changes what a system is answered."""
    assert language_of(_asked(path, query="lang=en")) == language
    assert language_of(_asked(path, cookie="earlywarn_language=en")) == language

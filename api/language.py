"""Which language to answer in: French unless English is asked for."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from earlywarn.domain import Language

LANGUAGE_COOKIE = "earlywarn_language"
FOR_SYSTEMS = ("/healthz", "/readyz")


def language_of(connection: HTTPConnection) -> Language:
    """Return the language of the request: a chosen one on pages, else what `Accept-Language` prefers.

    Systems are answered by `Accept-Language` alone: their answers vary by no cookie.
    """
    path = str(connection.scope.get("path", ""))
    if path.startswith("/v1/") or path in FOR_SYSTEMS:
        return preferred_language(connection.headers.get("accept-language", ""))
    chosen = connection.query_params.get("lang") or connection.cookies.get(LANGUAGE_COOKIE)
    if chosen == "fr":
        return "fr"
    if chosen == "en":
        return "en"
    return preferred_language(connection.headers.get("accept-language", ""))


def preferred_language(accept_language: str) -> Language:
    """Return the better liked of French and English; French where neither is.

    >>> preferred_language("en-CA,en;q=0.9,fr;q=0.5")
    'en'
    >>> preferred_language("de, *;q=0.1")
    'fr'
    """
    liking = {"fr": 0.0, "en": 0.0}
    for part in accept_language[:500].split(","):
        tag, _, weight = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        if primary in liking:
            liking[primary] = max(liking[primary], _weight(weight))
    return "en" if liking["en"] > liking["fr"] else "fr"


def locale_of(language: Language) -> str:
    """Return the language tag that the answer carries."""
    return "fr-CA" if language == "fr" else "en-CA"


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0

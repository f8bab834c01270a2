"""Lay views out as HTML: one environment, everything escaped, every sentence in the reader's language."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.language import LANGUAGE_COOKIE, language_of, locale_of
from api.pages.session import PageSession, is_encrypted
from api.wording import translate
from earlywarn.paper import STYLE as SHEET_STYLE
from earlywarn.paper import TEMPLATES

HERE = Path(__file__).parent
STYLE = HERE / "static" / "earlywarn.css"
LANGUAGE_SECONDS = 365 * 24 * 60 * 60


class Layout:
    """Turn views into pages."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([HERE / "templates", TEMPLATES]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._style_version = sha256(STYLE.read_bytes() + SHEET_STYLE.read_bytes()).hexdigest()[:12]

    def page(
        self,
        request: Request,
        template: str,
        *,
        session: PageSession | None = None,
        role: str | None = None,
        status: int = 200,
        **values: object,
    ) -> HTMLResponse:
        """Return a page; a language chosen by the link is remembered for the next ones."""
        language = language_of(request)
        html = self._environment.get_template(template).render(
            t=partial(_translated, language),
            language=language,
            locale=locale_of(language),
            role=role,
            form_token=session.form_token if session else "",
            style_version=self._style_version,
            **values,
        )
        response = HTMLResponse(
            html, status_code=status, headers={"Content-Language": locale_of(language), "Vary": "Cookie"}
        )
        if request.query_params.get("lang") in ("fr", "en"):
            response.set_cookie(
                LANGUAGE_COOKIE,
                language,
                max_age=LANGUAGE_SECONDS,
                secure=is_encrypted(request),
                httponly=True,
                samesite="strict",
            )
        return response


def _translated(language: str, french: str, **values: object) -> str:
    return translate(french, "en" if language == "en" else "fr", **values)

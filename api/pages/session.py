"""Who is signed in on the pages: a signed cookie, a token in every form, and a sign-out that counts.

The cookie is HttpOnly and SameSite=Strict. Over https it is `__Host-` and Secure. Over plain http, which only
the demonstration on the loopback address uses, neither is possible everywhere: `__Host-` demands Secure, and
not every browser keeps a Secure cookie from http://127.0.0.1; the loopback never leaves the machine.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from ipaddress import ip_address

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.problems import FORBIDDEN, ProblemError
from api.settings import LOOPBACK_HOSTS

SESSION_SECONDS = 8 * 60 * 60
REFUSED_FORM = "Ce formulaire ne vient pas de cette page, ou a expiré. Rechargez la page et recommencez."
ONLY_HERE = "La connexion de démonstration n’est offerte que sur l’adresse de bouclage de l’ordinateur même."
FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass(frozen=True)
class PageSession:
    """A visit to the pages; without an account it only carries the token of the sign-in form."""

    session_id: str
    form_token: str
    account_id: str | None


class Sessions:
    """Issue, read and end page sessions."""

    def __init__(self, secret: str | None) -> None:
        self._signer = URLSafeTimedSerializer(
            secret or secrets.token_hex(32), salt="earlywarn.pages", signer_kwargs={"key_derivation": "hmac"}
        )
        self._ended: dict[str, float] = {}

    def read(self, connection: HTTPConnection) -> PageSession | None:
        """Return the session of a request, or None where there is none, or a forged, old or ended one."""
        cookie = connection.cookies.get(cookie_name(connection))
        if not cookie:
            return None
        try:
            session_id, form_token, account_id = self._signer.loads(cookie, max_age=SESSION_SECONDS)
        except (BadSignature, ValueError, TypeError):
            return None
        if session_id in self._ended:
            return None
        return PageSession(session_id, form_token, account_id)

    def start(self, account_id: str | None) -> PageSession:
        """Return a new session: signing in never keeps the identifier from before."""
        return PageSession(secrets.token_urlsafe(16), secrets.token_urlsafe(24), account_id)

    def write(self, session: PageSession, connection: HTTPConnection, response: Response) -> None:
        """Put the session in the answer's cookie."""
        content = self._signer.dumps([session.session_id, session.form_token, session.account_id])
        response.set_cookie(
            cookie_name(connection),
            content,
            max_age=SESSION_SECONDS,
            path="/",
            secure=is_encrypted(connection),
            httponly=True,
            samesite="strict",
        )

    def end(self, session: PageSession | None, connection: HTTPConnection, response: Response) -> None:
        """End the session here, not only in the browser: a copied cookie is of no use afterwards."""
        now = time.monotonic()
        self._ended = {key: until for key, until in self._ended.items() if until > now}
        if session is not None:
            self._ended[session.session_id] = now + SESSION_SECONDS
        response.delete_cookie(
            cookie_name(connection),
            path="/",
            secure=is_encrypted(connection),
            httponly=True,
            samesite="strict",
        )


def cookie_name(connection: HTTPConnection) -> str:
    """Return the cookie's name for how the request came."""
    return "__Host-earlywarn" if is_encrypted(connection) else "earlywarn_session"


def is_encrypted(connection: HTTPConnection) -> bool:
    """Return whether the request came over https."""
    return connection.url.scheme == "https"


def require_own_form(connection: HTTPConnection, session: PageSession | None, form_token: str) -> PageSession:
    """Refuse a form that another site sent, or that was not given to this session.

    Raises:
        ProblemError: The browser says so, or the token is not the session's.
    """
    own_origin = f"{connection.url.scheme}://{connection.headers.get('host', '')}"
    origin = connection.headers.get("origin", own_origin)
    site = connection.headers.get("sec-fetch-site", "same-origin")
    if session is None or origin != own_origin or site != "same-origin":
        raise ProblemError(FORBIDDEN, REFUSED_FORM)
    if not hmac.compare_digest(form_token.encode(), session.form_token.encode()):
        raise ProblemError(FORBIDDEN, REFUSED_FORM)
    return session


def require_loopback(connection: HTTPConnection) -> None:
    """Refuse a request that did not come from this very machine, straight to its loopback address.

    Raises:
        ProblemError: The caller, the address called or a proxy in between is elsewhere.
    """
    client = connection.client.host if connection.client else ""
    server = connection.scope.get("server") or ("", 0)
    called = connection.headers.get("host", "").lower()
    direct = not any(name in connection.headers for name in FORWARDING)
    by_name = any(called == name or called.startswith(f"{name}:") for name in LOOPBACK_HOSTS)
    if not (direct and by_name and is_loopback(client) and is_loopback(str(server[0]))):
        raise ProblemError(FORBIDDEN, ONLY_HERE)


def is_loopback(address: str) -> bool:
    """Return whether an address can only be reached from the machine itself.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("192.168.1.4")
    (True, True, False, False)
    """
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False

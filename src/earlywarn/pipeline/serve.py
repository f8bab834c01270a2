"""Start the service: uvicorn, given the application by name, so that nothing here imports it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address
from pathlib import Path

from earlywarn.errors import PublicationError, SettingsError
from earlywarn.publication import published_models
from earlywarn.workspace import Workspace

APPLICATION = "api.main:served_app"


def serve(
    application: Path,
    *,
    network: Path,
    workspace: Workspace,
    keys: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    demo: bool = False,
    today: date | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve a network's stored risks and pages until told to stop.

    Args:
        application: The folder that holds `api/`.
        network: The network's folder, with its contract.
        workspace: Where the published models and the embedded database are.
        keys: The folder of keys.
        host: The address to listen on.
        port: The port to listen on.
        demo: Offer the demonstration's sign-in, which asks for no password.
        today: The day taken as today; the calendar's where None.
        announce: Told the address once everything that can be checked beforehand is.

    Raises:
        PublicationError: Nothing is published, so that no request could be answered.
        SettingsError: The demonstration's sign-in is asked for on an address that others can reach, or the
            application is not there.
    """
    if demo:
        require_loopback(host)
    if not (application / "api" / "main.py").is_file():
        raise SettingsError(
            "the service's application is not there", where=str(application), todo="set EARLYWARN_APP_DIR"
        )
    if not published_models(workspace):
        raise PublicationError(
            "no model is published",
            where=str(workspace.home),
            todo="run earlywarn publish and earlywarn score",
        )
    if announce is not None:
        announce(f"serving {network.name} on http://{host}:{port}/ (Ctrl-C ends it)")
    os.environ |= {
        "EARLYWARN_NETWORK": str(network),
        "EARLYWARN_HOME": str(workspace.home),
        "EARLYWARN_KEYS": str(keys),
        "EARLYWARN_DEMO": "true" if demo else "false",
    }
    if today is not None:
        os.environ["EARLYWARN_TODAY"] = today.isoformat()
    _run(application, host, port)


def require_loopback(host: str) -> None:
    """Refuse an address that is not the machine's own.

    Raises:
        SettingsError: Others could reach it.
    """
    try:
        is_own = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_own = False
    if not is_own:
        raise SettingsError(
            "the demonstration's sign-in asks for no password and is refused on this address",
            where=host,
            todo="serve it on 127.0.0.1, or leave the demonstration out",
        )


def _run(application: Path, host: str, port: int) -> None:
    import uvicorn

    uvicorn.run(
        APPLICATION,
        factory=True,
        app_dir=str(application),
        host=host,
        port=port,
        # Paths hold students' ids; who read what is in the access log of the database.
        access_log=False,
        server_header=False,
        # A caller must not be able to say that it calls from the loopback address.
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        log_level="warning",
    )

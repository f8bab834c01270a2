"""Read the program's settings from the environment: here and in `api/`, nowhere else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_settings import BaseSettings, SettingsConfigDict

from earlywarn.errors import SettingsError
from earlywarn.workspace import Workspace

if TYPE_CHECKING:
    from earlywarn.store import DatabaseUrls


class Settings(BaseSettings):
    """`EARLYWARN_*` variables; every default is safe on one machine."""

    model_config = SettingsConfigDict(env_prefix="EARLYWARN_", extra="ignore", frozen=True)

    app_dir: Path | None = None
    home: Path | None = None
    keys: Path | None = None
    database_url: str | None = None
    database_admin_url: str | None = None

    @property
    def application(self) -> Path:
        """Return the folder that holds `models/` and `api/`: the checkout, or the image's folder.

        Raises:
            SettingsError: There is none above the current folder and `EARLYWARN_APP_DIR` is not set.
        """
        if self.app_dir is not None:
            return self.app_dir.resolve()
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / "models").is_dir() and (folder / "api").is_dir():
                return folder
        raise SettingsError(
            "no folder with models/ and api/ here",
            where=str(here),
            todo="change to the checkout or set EARLYWARN_APP_DIR",
        )

    def network_dir(self, name: str) -> Path:
        """Return the folder of a network, given its name below `models/` or its path."""
        given = Path(name)
        folder = given if (given / "contract.toml").is_file() else self.application / "models" / name
        if not (folder / "contract.toml").is_file():
            raise SettingsError(
                "there is no such network", where=str(folder), todo="name a folder with a contract.toml"
            )
        return folder.resolve()

    def model_dirs(self, name: str) -> list[Path]:
        """Return the model folders that `network` or `network/outcome` names."""
        given = Path(name)
        folder = given if given.is_dir() else self.application / "models" / name
        if (folder / "model.toml").is_file():
            return [folder.resolve()]
        found = sorted(path.parent.resolve() for path in folder.glob("*/model.toml"))
        if not found:
            raise SettingsError(
                "there is no such model", where=str(folder), todo="name a folder with a model.toml"
            )
        return found

    def models(self, name: str) -> list[tuple[Path, Workspace]]:
        """Return the same folders, each with the workspace of its network."""
        return [(folder, self.workspace(folder.parent)) for folder in self.model_dirs(name)]

    def workspace(self, network: Path) -> Workspace:
        """Return the workspace of a network: `EARLYWARN_HOME`, or one beside the checkout's own files."""
        return Workspace((self.home or self.application / ".earlywarn" / network.name).resolve())

    def keys_dir(self, network: Path) -> Path:
        """Return the folder of signing and pseudonym keys, outside the workspace by default."""
        return (self.keys or self.application / ".earlywarn" / "keys" / network.name).resolve()

    def source_url(self, name: str) -> str:
        """Return the address of a database that a mapping reads: `EARLYWARN_SOURCE_<NAME>`.

        Raises:
            SettingsError: It is not set.
        """
        variable = f"EARLYWARN_SOURCE_{name}"
        url = os.environ.get(variable, "").strip()
        if not url:
            raise SettingsError(
                f"the address of database '{name}' is not set",
                todo=f"set {variable} to an SQLAlchemy URL whose account may only read",
            )
        return url

    def database(self, workspace: Workspace) -> DatabaseUrls:
        """Return the service database's addresses: the ones set, or the workspace's own server."""
        from earlywarn.store import open_database

        return open_database(workspace, url=self.database_url, admin_url=self.database_admin_url)

    def database_if_any(self, workspace: Workspace) -> DatabaseUrls | None:
        """Return the service database's addresses where there is one already; none is made."""
        known = self.database_admin_url is not None if self.database_url else workspace.server.is_dir()
        return self.database(workspace) if known else None

"""Read the service's settings from the environment, once, when it starts."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class ServiceSettings(BaseSettings):
    """`EARLYWARN_*` variables that the service reads; one deployment serves one network."""

    model_config = SettingsConfigDict(env_prefix="EARLYWARN_", extra="ignore", frozen=True)

    network: Path = Field(description="The network's folder, with its contract.toml.")
    home: Path = Field(description="The workspace that holds the published models.")
    keys: Path = Field(description="The folder of keys, outside the workspace.")
    database_url: str | None = None
    demo: bool = Field(default=False, description="Offer the demonstration sign-in, on loopback only.")
    today: date | None = Field(default=None, description="The day taken as today; the calendar's if unset.")
    timezone: str = "America/Toronto"
    session_secret: SecretStr | None = Field(default=None, description="Signs the pages' cookie.")
    contact: str | None = Field(default=None, description="Who takes observations and corrections.")
    push_limit_bytes: int = Field(default=256 * 1024 * 1024, ge=1, description="The longest pushed body.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = LOOPBACK_HOSTS

    def school_day(self) -> date:
        """Return the day it is where the schools are, or the one taken as today."""
        return self.today or datetime.now(ZoneInfo(self.timezone)).date()

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("session_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("needs at least 32 characters: make one with `openssl rand -hex 32`")
        return value

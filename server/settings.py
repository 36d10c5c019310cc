"""The environment, or ``.env``, as one frozen object. A wrong value is a :class:`~server.errors.StartupError`."""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.errors import StartupError

PREFIX = "PARLEY_"


class Settings(BaseSettings):
    """What can be set from outside. ``.env.example`` lists the same, in words; a test compares the two."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        extra="ignore",
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str | None = None
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: str = "127.0.0.1"

    data_dir: Path = Path("data")
    database_url: SecretStr | None = None
    database_tls: bool = False
    secret_key: SecretStr | None = Field(default=None, min_length=32)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "readable"] = "auto"

    access_token_seconds: int = Field(default=900, ge=10, le=86_400)
    refresh_token_days: int = Field(default=30, ge=1, le=365)
    bcrypt_rounds: int = Field(default=12, ge=4, le=16)

    heartbeat_seconds: int = Field(default=25, ge=1, le=300)
    message_chars: int = Field(default=100_000, ge=1, le=1_000_000)
    frame_bytes: int = Field(default=1 << 20, ge=4096, le=16 << 20)
    active_turns: int = Field(default=8, ge=1, le=1000)

    context_tokens: int = Field(default=32_768, ge=1024)
    ollama_url: str = "http://127.0.0.1:11434"
    demo_pace: float = Field(default=1.0, ge=0, le=10)
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("public_url", "ollama_url", "openai_base_url", "allowed_origins")
    @classmethod
    def _address(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if value is None:
            return None
        if isinstance(value, tuple):
            return tuple(_http_address(part) for part in value)
        return _http_address(value)

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def secure(self) -> bool:
        """Whether people reach the server by https: cookies are Secure then."""
        return self.public_url is not None and self.public_url.startswith("https://")

    @property
    def database(self) -> str:
        """SQLAlchemy's address of the database; may hold a password."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data_dir / 'parley.db').absolute()}"


def _http_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"an address starts with http:// or https://, not {value!r}")
    return value.rstrip("/")


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the settings. Raises StartupError with one line: the variable, and what is wrong with it."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise StartupError(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else "."))
    try:
        return Settings()
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        field = str(problem["loc"][0])
        variable = field.upper() if field.lower().startswith("openai_") else PREFIX + field.upper()
        raise StartupError(f"{variable}: {problem['msg'].removeprefix('Value error, ')}") from None


def secret_key(settings: Settings) -> str:
    """The key that signs tokens: as set, or made once and kept in the data folder, readable by the owner alone."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.data_dir / "secret_key"
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    except OSError as error:
        raise StartupError(f"{PREFIX}DATA_DIR: {settings.data_dir} cannot be written ({error.strerror})") from error
    return path.read_text(encoding="ascii").strip()

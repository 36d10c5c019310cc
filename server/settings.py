"""The environment, ``.env`` and files of secrets, as one frozen object. A wrong value is a StartupError."""

from __future__ import annotations

import difflib
import fcntl
import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from server import secret_files
from server.errors import StartupError

PREFIX = "PARLEY_"
SECRET_CHARS = 32
OF_COMPOSE = frozenset({"PARLEY_DOMAIN", "PARLEY_IMAGE", "PARLEY_SUBNET"})
"""What `docker-compose.prod.yml` wants to know, from the same ``.env``."""


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
    secrets_dir: Path = secret_files.USUAL
    database_url: SecretStr | None = None
    database_tls: bool = False
    database_ca: Path | None = None
    redis_url: SecretStr | None = None
    redis_prefix: str = Field(default="parley", pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    secret_key: SecretStr | None = Field(default=None, min_length=SECRET_CHARS)

    workers: int = Field(default=1, ge=1, le=256)
    drain_seconds: float = Field(default=30.0, ge=0, le=3600)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "readable"] = "auto"

    access_token_seconds: int = Field(default=900, ge=10, le=86_400)
    refresh_token_days: int = Field(default=30, ge=1, le=365)
    bcrypt_rounds: int = Field(default=12, ge=4, le=16)

    heartbeat_seconds: int = Field(default=25, ge=1, le=300)
    message_chars: int = Field(default=100_000, ge=1, le=1_000_000)
    frame_bytes: int = Field(default=1 << 20, ge=4096, le=16 << 20)
    active_turns: int = Field(default=8, ge=1, le=1000)
    import_bytes: int = Field(default=200 << 20, ge=1 << 16, le=16 << 30)

    temporary_seconds: int = Field(default=3600, ge=1, le=30 * 86_400)

    connections: int = Field(default=4000, ge=1, le=1_000_000)
    user_connections: int = Field(default=250, ge=1, le=1_000_000)
    socket_rate: int = Field(default=1000, ge=10, le=1_000_000)
    user_rate: int = Field(default=2000, ge=10, le=1_000_000)
    ping_seconds: float = Field(default=20.0, ge=0.1, le=300)

    context_tokens: int = Field(default=32_768, ge=1024)
    ollama_url: str = "http://127.0.0.1:11434"
    demo_pace: float = Field(default=1.0, ge=0, le=10)
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The library's own source for files warns where a start has to fail."""
        return init_settings, env_settings, dotenv_settings, _SecretFiles(settings_cls)

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


class _SecretFiles(EnvSettingsSource):
    """Comes last, so that it can be told by the others where the files are."""

    def __call__(self) -> dict[str, Any]:
        folder = self.current_state.get("secrets_dir", secret_files.USUAL)
        self.env_vars = {name: value for name, value in secret_files.read(Path(folder)).items() if value}
        _refuse_unknown({name.upper() for name in self.env_vars})
        return super().__call__()


def _http_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]\S*", value):
        raise ValueError(f"an address such as https://chat.example.org is expected, not {value!r}")
    return value.rstrip("/")


WORDS = {
    "int_parsing": "a whole number is expected, not {value!r}",
    "int_parsing_size": "a whole number is expected, not one of that length",
    "float_parsing": "a number is expected, not {value!r}",
    "bool_parsing": "true or false is expected, not {value!r}",
    "literal_error": "{expected} is expected, not {value!r}",
    "greater_than_equal": "at least {ge} is expected, not {value}",
    "less_than_equal": "at most {le} is expected, not {value}",
    "too_short": "at least {min_length} characters are expected, and these are {actual_length}",
    "string_pattern_mismatch": "letters, digits and the characters _ . - are expected, not {value!r}",
    "value_error": "{error}",
}
"""What an operator reads, by pydantic's kind of error. ``too_short`` is for secrets, which are not shown."""


def load(**given: object) -> Settings:
    """Reads the settings: what is ``given`` and not None, then the environment, ``.env``, files of secrets.

    Raises StartupError with one line: the variable, and what is wrong with it.
    """
    try:
        _refuse_unknown({name.upper() for name in (*os.environ, *DotEnvSettingsSource(Settings).env_vars)})
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        words = WORDS.get(problem["type"])
        told = words.format(value=problem["input"], **problem.get("ctx", {})) if words else problem["msg"]
        raise StartupError(f"{_variable(str(problem['loc'][0]))}: {told}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"The file .env cannot be read: {error}.") from error


def _variable(field: str) -> str:
    """The environment's name of a field, or of its alias."""
    return field.upper() if field.upper().startswith("OPENAI_") else PREFIX + field.upper()


def _refuse_unknown(names: set[str]) -> None:
    known = {_variable(field).removeprefix(PREFIX): _variable(field) for field in Settings.model_fields}
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in {*known.values(), *OF_COMPOSE}:
            near = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
            raise StartupError(f"{name} is not a setting" + (f"; did you mean {known[near[0]]}?" if near else "."))


def make_data_folder(settings: Settings) -> None:
    """A new one is for its owner alone: what people write is in it."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(settings, error) from error


def secret_key(settings: Settings) -> str:
    """The key that signs tokens: as set, or made once and kept in the data folder, readable by the owner alone."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    make_data_folder(settings)
    path = settings.data_dir / "secret_key"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # of two that start at once, the second reads what the first has written
            key = file.read().strip()
            if not key:
                key = secrets.token_urlsafe(48)
                file.write(key)
    except OSError as error:
        raise _unwritable(settings, error) from error
    if len(key) < SECRET_CHARS:
        raise StartupError(f"{path}: at least {SECRET_CHARS} characters are expected; without the file a key is made.")
    return key


def _unwritable(settings: Settings, error: OSError) -> StartupError:
    return StartupError(f"{PREFIX}DATA_DIR: {settings.data_dir} cannot be written ({error.strerror}).")

"""All the models there are, and how to get one: what the endpoints offer, and always the demo model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
import structlog
from pydantic import SecretStr

from server.errors import NotFound, StartupError, UpstreamError
from server.llm.base import ChatModel, ModelInfo
from server.llm.demo import DemoModel
from server.llm.endpoint import OPENAI_URL, Endpoint
from server.llm.probe import listening, place
from server.settings import Settings

if TYPE_CHECKING:
    import httpx2

    from server.llm.listing import Listed
    from server.llm.openai import OpenAIEndpoint

log = structlog.get_logger(__name__)

SECONDS = 60.0
"""Between two looks at the endpoints, and the shorter times while only the demo model is known: after a failure, and
while there is nothing to ask but whether an Ollama has been started."""
SECONDS_AFTER_FAILURE = 15.0
SECONDS_UNTIL_FOUND = 5.0


@dataclass(slots=True)
class _Source:
    """An endpoint, and what is known of it."""

    endpoint: Endpoint
    found_by_itself: bool = False
    """Nobody configured it: an Ollama, and that it is not there is no failure."""
    adapter: OpenAIEndpoint | None = None
    names: tuple[Listed, ...] | None = None
    """Its models as last listed; None when it never listed any, and may have any."""
    trouble: str | None = None
    """Why it did not list them the last time it was asked."""


@dataclass(frozen=True, slots=True)
class Look:
    """What came of asking an endpoint for its models."""

    endpoint: Endpoint
    models: int = 0
    trouble: str | None = None
    """Why it did not list them, in words for whoever configured it."""
    absent: bool = False
    """Nobody configured it, and it is not there."""


class Catalog:
    def __init__(self, settings: Settings) -> None:
        self._demo = DemoModel(settings.demo_pace)
        self._sources = {source.endpoint.id: source for source in _sources(settings)}
        self._models: tuple[ModelInfo, ...] = (self._demo.info,)
        self._http: httpx2.AsyncClient | None = None
        self._refreshing = anyio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.aclose()

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """The real ones first, the demo model last."""
        return self._models

    def default(self) -> ModelInfo:
        return self._models[0]

    def get(self, model_id: str) -> ChatModel:
        """Raises NotFound. Before an endpoint has listed its models, any name is taken to be one of them.

        So a conversation survives a start at which its endpoint does not answer: the error says that, not "unknown".
        """
        if model_id == self._demo.info.id:
            return self._demo
        endpoint_id, _, name = model_id.partition("/")
        source = self._sources.get(endpoint_id)
        info = next((info for info in self._models if info.id == model_id), None)
        if source is not None and info is None and source.names is None and name:
            info = _info(source, name, None)
        if source is None or info is None:
            raise NotFound(f"The model {model_id} is not available. Choose another one.")
        return self._adapter(source).chat(info, name)

    async def refresh(self) -> bool:
        """Asks the endpoints again. True when the list has changed. Never raises."""
        async with self._refreshing:
            async with anyio.create_task_group() as tasks:
                for source in self._sources.values():
                    tasks.start_soon(self._ask, source)
            before, self._models = self._models, (*self._real(), self._demo.info)
        return self._models != before

    async def look(self) -> list[Look]:
        """Asks each endpoint once, for whoever wants to know how it is rather than what it has. Never raises."""
        looks: dict[str, Look] = {}

        async def ask(source: _Source) -> None:
            endpoint = source.endpoint
            try:
                there = await self._list(source)
                looks[endpoint.id] = Look(endpoint, len(source.names or ()), absent=not there)
            except UpstreamError as error:
                looks[endpoint.id] = Look(endpoint, trouble=error.message)
            except Exception as error:  # noqa: BLE001 - an address may lead to anything
                looks[endpoint.id] = Look(endpoint, trouble=f"{endpoint.name}: {type(error).__name__}")

        async with anyio.create_task_group() as tasks:
            for source in self._sources.values():
                tasks.start_soon(ask, source)
        return [looks[name] for name in self._sources]

    async def watch(self, changed: Callable[[], Awaitable[bool]]) -> None:
        """Runs until it is cancelled: keeps the list fresh, and calls ``changed`` after each change.

        As long as that gives False, which means that nobody could be told, it is called again with the next look.
        """
        told = True
        while True:
            if await self.refresh():
                log.info("models.changed", models=len(self._models))
                told = False
            told = told or await changed()
            await anyio.sleep(self._pause())

    def _pause(self) -> float:
        if len(self._models) > 1:
            return SECONDS
        return (
            SECONDS_AFTER_FAILURE if any(source.trouble for source in self._sources.values()) else SECONDS_UNTIL_FOUND
        )

    def _real(self) -> list[ModelInfo]:
        return [
            _info(source, listed.name, listed.context_tokens)
            for source in self._sources.values()
            for listed in source.names or ()
        ]

    async def _ask(self, source: _Source) -> None:
        """On failure the models that were known stay: most failures pass."""
        trouble = why = None
        try:
            await self._list(source)
        except UpstreamError as error:
            trouble, why = error.reason, error.message
        except Exception as error:  # noqa: BLE001 - whatever an address may lead to, the server runs on
            trouble = why = type(error).__name__
        if trouble != source.trouble:
            source.trouble = trouble
            if trouble is None:
                log.info("models.listed", endpoint=source.endpoint.name)
            else:
                log.warning("models.not_listed", endpoint=source.endpoint.name, reason=trouble, why=why)

    async def _list(self, source: _Source) -> bool:
        """False when there is nothing that could be asked. Raises UpstreamError, and whatever an address leads to."""
        if source.found_by_itself and not await listening(source.endpoint.base_url):
            source.names = ()
            return False
        await anyio.to_thread.run_sync(import_module, "server.llm.openai")
        source.names = tuple(await self._adapter(source).models())
        return True

    def _adapter(self, source: _Source) -> OpenAIEndpoint:
        if source.adapter is None:
            # The openai package costs most of a second and 50 MB, and who only has the demo model never needs it.
            from server.llm.ollama import OllamaEndpoint
            from server.llm.openai import OpenAIEndpoint
            from server.llm.transport import Timeouts, open_client

            timeouts = Timeouts()
            if self._http is None:
                self._http = open_client(timeouts)
            kind = OllamaEndpoint if source.found_by_itself else OpenAIEndpoint
            source.adapter = kind(source.endpoint, self._http, timeouts)
        return source.adapter


def _sources(settings: Settings) -> list[_Source]:
    """What the settings name, then an Ollama if there is one, unless that is what they name. Raises StartupError."""
    sources = []
    openai, ollama = settings.openai_base_url, settings.ollama_url
    at_openai, at_ollama = _place("OPENAI_BASE_URL", openai or OPENAI_URL), _place("PARLEY_OLLAMA_URL", ollama)
    if openai or settings.openai_api_key:
        endpoint = Endpoint(
            "openai",
            "OpenAI" if at_openai == place(OPENAI_URL) else at_openai[0],
            openai or OPENAI_URL,
            address_setting="OPENAI_BASE_URL",
            key_setting="OPENAI_API_KEY",
            api_key=_key(settings.openai_api_key),
        )
        sources.append(_Source(endpoint))
    if at_ollama != at_openai:
        endpoint = Endpoint("ollama", "Ollama", f"{ollama}/v1", address_setting="PARLEY_OLLAMA_URL")
        sources.append(_Source(endpoint, found_by_itself=True))
    return sources


def _place(setting: str, url: str) -> tuple[str, int]:
    try:
        return place(url)
    except ValueError as error:
        raise StartupError(f"{setting}: {error}") from None


def _key(secret: SecretStr | None) -> SecretStr | None:
    """A key as it was pasted, without the white space around it."""
    key = secret.get_secret_value().strip() if secret else ""
    if not (key.isascii() and key.isprintable()):
        raise StartupError("OPENAI_API_KEY: it holds characters that no key can hold.")
    return SecretStr(key) if key else None


def _info(source: _Source, name: str, context_tokens: int | None) -> ModelInfo:
    return ModelInfo(f"{source.endpoint.id}/{name}", name, source.endpoint.name, context_tokens)

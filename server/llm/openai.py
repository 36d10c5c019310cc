"""Endpoints that speak OpenAI's protocol: OpenAI itself, Ollama, vLLM, llama.cpp, LiteLLM, OpenRouter and many more.

The openai package sends the request and reads errors. Its typed methods are not used: for 200 messages they build
models for 24 ms, and one more for each token, where the plain ``post`` takes 2 ms and the raw stream next to nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Any, Literal, cast

import httpx2
from openai import APIStatusError, AsyncOpenAI, AsyncStream, Omit

from server.llm import faults
from server.llm.answer import AnswerReader
from server.llm.base import Delta, Finish, ModelInfo, ModelRequest
from server.llm.complaint import Complaint
from server.llm.endpoint import OPENAI_URL, Endpoint
from server.llm.listing import Listed, chat_models
from server.llm.probe import place
from server.llm.transport import FAULTS, Timeouts, broken, media_type, read_body

GO_ON = (
    "Your last message was cut off. Go on with it exactly where it stops, in the middle of a word if need be. Do not "
    "repeat anything of it, and say nothing about this request."
)
"""Few endpoints go on with a message that an assistant has begun; all do what they are asked to."""


class OpenAIEndpoint:
    def __init__(self, endpoint: Endpoint, http: httpx2.AsyncClient, timeouts: Timeouts) -> None:
        self.endpoint = endpoint
        self.timeouts = timeouts
        self.is_openai = place(endpoint.base_url) == place(OPENAI_URL)
        key = endpoint.api_key.get_secret_value() if endpoint.api_key else ""
        self._headers = {} if key else {"Authorization": Omit()}
        self._client = AsyncOpenAI(
            api_key=key,
            admin_api_key="",
            base_url=endpoint.base_url,
            max_retries=0,
            http_client=http,
            _enforce_credentials=False,
        )
        if not self.is_openai:
            # Taken from OPENAI_ORG_ID and OPENAI_PROJECT_ID, which are nobody else's business.
            self._client.organization = self._client.project = None
        self.refused: dict[str, set[str]] = {}
        """Optional parameters that a model's endpoint has rejected, by the model's name."""

    async def models(self) -> list[Listed]:
        """Those one can chat with. Raises UpstreamError."""
        try:
            async with asyncio.timeout(self.timeouts.listing):
                return await self._list()
        except APIStatusError as error:
            raise faults.failure(self.endpoint, _complaint(error), headers=error.response.headers) from None
        except FAULTS as error:
            raise broken(self.endpoint, error, answering=False) from error

    def chat(self, info: ModelInfo, name: str) -> OpenAIChat:
        return OpenAIChat(self, info, name)

    async def _list(self) -> list[Listed]:
        return chat_models(await self.fetch("GET", "/models"), openai=self.is_openai)

    async def fetch(self, method: Literal["GET", "POST"], path: str, body: object = None) -> bytes:
        """A body that is read whole. ``path`` may be an address of its own. Raises APIStatusError and FAULTS."""
        async with aclosing(await self.send(method, path, body)) as response:
            media_type(response)
            return await read_body(response)

    async def send(self, method: Literal["GET", "POST"], path: str, body: object = None) -> httpx2.Response:
        """The response, as soon as its head is there; closing it cuts the connection.

        Raises APIStatusError and FAULTS.
        """
        send = self._client.get if method == "GET" else partial(self._client.post, body=body)
        response = await send(
            path,
            cast_to=httpx2.Response,
            options={"headers": self._headers},
            stream=True,
            stream_cls=AsyncStream[Any],
        )
        # ``cast_to`` decides what comes; the package's types only know ``stream_cls``.
        return cast(httpx2.Response, response)


class OpenAIChat:
    """One model of an endpoint."""

    def __init__(self, at: OpenAIEndpoint, info: ModelInfo, name: str) -> None:
        self.info = info
        self._at = at
        self._name = name
        self._refused = at.refused.setdefault(name, set())

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta | Finish]:
        reader = AnswerReader(self._at.endpoint, self._name)
        try:
            async with aclosing(await self._ask(request)) as response:
                whole = media_type(response) == "application/json"
                parts = self._whole(response, reader) if whole else self._parts(response, reader)
                async with aclosing(parts):
                    async for delta in parts:
                        yield delta
        except FAULTS as error:
            if not reader.finishing:
                reader.fail(broken(self._at.endpoint, error, answering=reader.started))
        for delta in reader.close():
            yield delta
        yield reader.finish()

    async def _ask(self, request: ModelRequest) -> httpx2.Response:
        """Raises UpstreamError. A parameter that this model does not take is left out from then on."""
        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        if request.purpose == "continuation":
            messages.append({"role": "user", "content": GO_ON})
        while True:
            optional = self._optional(request)
            body = {"model": self._name, "messages": messages, "stream": True, **optional}
            try:
                async with asyncio.timeout(self._at.timeouts.first):
                    return await self._at.send("POST", "/chat/completions", body)
            except APIStatusError as error:
                complaint = _complaint(error)
                refused = next(filter(complaint.refuses, optional), None)
                if refused is None:
                    headers = error.response.headers
                    raise faults.failure(self._at.endpoint, complaint, model=self._name, headers=headers) from None
                self._refused.add(refused)

    def _optional(self, request: ModelRequest) -> dict[str, Any]:
        wanted = {
            "stream_options": {"include_usage": True},
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            # The name that OpenAI's newer models insist on, and that most other servers do not know.
            "max_completion_tokens": request.max_tokens if "max_tokens" in self._refused else None,
        }
        return {name: value for name, value in wanted.items() if value is not None and name not in self._refused}

    async def _whole(self, response: httpx2.Response, reader: AnswerReader) -> AsyncGenerator[Delta]:
        async with asyncio.timeout(self._at.timeouts.first):
            body = await read_body(response)
        for delta in reader.feed_whole(body):
            yield delta

    async def _parts(self, response: httpx2.Response, reader: AnswerReader) -> AsyncGenerator[Delta]:
        limits, clock = self._at.timeouts, asyncio.get_running_loop().time
        spoken, closing_at = clock(), None
        patience = limits.first
        async with aclosing(response.aiter_raw()) as chunks:
            while not reader.done:
                # Counted from when this asks again: what the consumer does meanwhile is not the endpoint's silence.
                deadline = closing_at or min(clock() + patience, spoken + limits.silent)
                async with asyncio.timeout_at(deadline):
                    chunk = await anext(chunks, b"")
                if not chunk:
                    return
                patience = limits.between
                for delta in reader.feed(chunk):
                    yield delta
                    spoken = clock()
                if reader.finishing and closing_at is None:
                    closing_at = clock() + limits.closing


def _complaint(error: APIStatusError) -> Complaint:
    return Complaint.of_body(error.status_code, error.response.content)

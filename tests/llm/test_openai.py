"""The adapter against a real server on a real socket: what it sends, what it makes of every fault, when it lets go."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
from collections.abc import Callable
from contextlib import aclosing

import anyio
import pytest
from anyio.to_thread import run_sync

from server.errors import UpstreamError
from server.llm.base import Delta, Finish, ModelMessage, ModelRequest
from server.llm.openai import OpenAIChat, OpenAIEndpoint
from server.llm.transport import Timeouts
from tests.fixtures.upstream import DONE, DROP, HANG, Answer, Gate, Step, Upstream, delta, finish
from tests.llm.conftest import INFO, KEY, open_endpoint

pytestmark = pytest.mark.anyio

QUESTION = ModelRequest([ModelMessage("system", "Be brief."), ModelMessage("user", "你好?")])


async def ask(model: OpenAIChat, request: ModelRequest = QUESTION) -> tuple[str, Finish | UpstreamError]:
    """The text, and how it ended."""
    text = ""
    end: Finish | UpstreamError | None = None
    try:
        async for part in model.stream(request):
            assert end is None, "something follows the end"
            if isinstance(part, Finish):
                end = part
            else:
                text += part.text
    except UpstreamError as error:
        end = error
    assert end is not None
    return text, end


async def reason(model: OpenAIChat) -> str:
    return (await ask(model))[1].reason


async def test_an_answer(upstream: Upstream, model: OpenAIChat) -> None:
    assert await ask(model) == ("Hello from upstream.", Finish("stop", 9, 4))
    (request,) = upstream.requests
    assert request.body == {
        "model": "small",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "你好?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept-encoding"] == "identity"


async def test_text_is_given_out_as_it_comes(upstream: Upstream, model: OpenAIChat) -> None:
    gate = Gate()
    upstream.script(delta("Hel"), gate, delta("lo"), finish(), DONE)
    async with aclosing(model.stream(QUESTION)) as parts:
        assert await anext(parts) == Delta("answer", "Hel")
        gate.open()
        assert [part async for part in parts] == [Delta("answer", "lo"), Finish("stop")]


async def test_events_may_be_cut_anywhere(upstream: Upstream, model: OpenAIChat) -> None:
    stream = delta("你好，") + delta("世界😀") + finish() + DONE
    upstream.script(*(stream[i : i + 1] for i in range(len(stream))))
    assert await ask(model) == ("你好，世界😀", Finish("stop"))


async def test_an_endpoint_that_does_not_stream(upstream: Upstream, model: OpenAIChat) -> None:
    choice = {"message": {"content": "whole"}, "finish_reason": "length"}
    upstream.script_json({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}})
    assert await ask(model) == ("whole", Finish("length", 3, 1))


async def test_what_an_endpoint_refuses_is_left_out_from_then_on(upstream: Upstream, endpoint: OpenAIEndpoint) -> None:
    model = endpoint.chat(INFO, "small")
    for words in (
        "Unrecognized request argument supplied: stream_options",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "Unsupported value: 'temperature' does not support 0.2 with this model.",
    ):
        upstream.script_json({"error": {"message": words}}, 400)
    request = ModelRequest(QUESTION.messages, temperature=0.2, max_tokens=64)
    assert (await ask(model, request))[0] == "Hello from upstream."
    again = endpoint.chat(INFO, "small")
    assert (await ask(again, request))[0] == "Hello from upstream."
    assert len(upstream.requests) == 5
    sent = [set(request.body) - {"model", "messages", "stream"} for request in upstream.requests]
    assert sent[0] == {"stream_options", "temperature", "max_tokens"}
    assert sent[3] == sent[4] == {"max_completion_tokens"}


async def test_without_a_key_none_is_sent_and_no_secrets_of_the_environment(
    upstream: Upstream, timeouts: Timeouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, f"secret-{name}")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with open_endpoint(upstream.base_url, timeouts) as endpoint:
        await ask(endpoint.chat(INFO, "small"))
        assert [listed.name for listed in await endpoint.models()] == ["small", "large"]
    assert len(upstream.requests) == 2
    assert not [request for request in upstream.requests if "authorization" in request.headers]
    assert "secret" not in str(upstream.requests)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}."}}, "auth"),
        (404, {"error": {"message": "The model `small` does not exist"}}, "model_not_found"),
        (429, {"error": {"code": "insufficient_quota", "message": "no credit"}}, "quota"),
        (400, {"error": {"code": "context_length_exceeded", "message": "too long"}}, "too_long"),
        (400, {"error": {"message": "bad"}}, "rejected"),
        (503, {"error": {"message": "overloaded"}}, "unavailable"),
    ],
)
async def test_errors_of_the_endpoint(
    upstream: Upstream, model: OpenAIChat, status: int, body: object, expected: str
) -> None:
    upstream.script_json(body, status)
    _, error = await ask(model)
    assert error.reason == expected
    assert KEY not in str(error)
    assert len(upstream.requests) == 1, "nothing is tried again on the quiet"


async def test_a_rate_limit_says_when_to_come_back(upstream: Upstream, model: OpenAIChat) -> None:
    upstream.script_json({"error": {"message": "slow down"}}, 429, {"Retry-After": "12"})
    _, error = await ask(model)
    assert isinstance(error, UpstreamError)
    assert (error.reason, error.retry_after) == ("rate_limited", 12.0)
    assert error.message == (
        "Acme takes no more requests for now (HTTP 429). Try again a little later. It asks to wait 12 s. "
        "It says: “slow down”"
    )


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


@pytest.mark.parametrize(
    ("steps", "text", "expected"),
    [
        ((HEAD + b"\r\n" + delta("half"),), "half", "cut_off"),
        ((HEAD + b"Content-Length: 9999\r\n\r\n" + delta("half"),), "half", "cut_off"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\ndat",), "", "unavailable"),
        ((HEAD + b"\r\n" + delta("half") + b'data: {"choi',), "half", "cut_off"),
        ((HEAD + b"\r\n",), "", "cut_off"),
        ((HEAD + b"\r\n" + delta("<thi"),), "<thi", "cut_off"),
        ((), "", "unavailable"),
        ((DROP,), "", "unavailable"),
        ((b"SSH-2.0-OpenSSH_9.2\r\n\r\n",), "", "garbled"),
        ((HEAD + b"\r\n" + b"\x00\x01\xfe\xff" * 50,), "", "garbled"),
        ((HEAD + b"\r\ndata: {]\n\n",), "", "garbled"),
        ((b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>",), "", "garbled"),
        ((b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{nonsense",), "", "garbled"),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",), "", "garbled"),
        ((b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",), "", "rejected"),
        ((b"HTTP/1.1 500 Boom\r\nContent-Length: 9999\r\n\r\npart of it",), "", "unavailable"),
    ],
)
async def test_broken_connections_and_broken_http(
    upstream: Upstream, model: OpenAIChat, steps: tuple[Step, ...], text: str, expected: str
) -> None:
    upstream.script(*steps, raw=True)
    got, end = await ask(model)
    assert (got, end.reason) == (text, expected)


async def test_nobody_is_there(upstream: Upstream, timeouts: Timeouts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/v1", "http://nobody.invalid/v1", "http://a..b/v1"):
        async with open_endpoint(url, timeouts) as endpoint:
            assert await reason(endpoint.chat(INFO, "small")) == "unreachable"


async def test_a_port_that_speaks_no_tls(upstream: Upstream, timeouts: Timeouts) -> None:
    server = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = server.extra(anyio.abc.SocketAttribute.local_port)

    async def refuse(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with (
        server,
        anyio.create_task_group() as tasks,
        open_endpoint(f"https://127.0.0.1:{port}", timeouts) as endpoint,
    ):
        tasks.start_soon(server.serve, refuse)
        assert await reason(endpoint.chat(INFO, "small")) == "unreachable"
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("steps", "text", "status"),
    [
        ((HANG,), "", 200),
        ((delta("half"), HANG), "half", 200),
        ((b"half of an error", HANG), "", 500),
    ],
)
@pytest.mark.parametrize("timeouts", [Timeouts(first=0.3, between=0.3)])
async def test_hangs(upstream: Upstream, model: OpenAIChat, steps: tuple[Step, ...], text: str, status: int) -> None:
    upstream.script(*steps, status=status)
    got, end = await ask(model)
    assert (got, end.reason) == (text, "timeout")
    assert await run_sync(upstream.hung_up.wait, 5)


@pytest.mark.parametrize("timeouts", [Timeouts(first=0.3)])
async def test_a_hang_before_the_status_line(upstream: Upstream, model: OpenAIChat) -> None:
    upstream.script(HANG, raw=True)
    assert await reason(model) == "timeout"
    assert await run_sync(upstream.hung_up.wait, 5)


@pytest.mark.parametrize("timeouts", [Timeouts(silent=0.3)])
async def test_signs_of_life_without_a_word(upstream: Upstream, model: OpenAIChat) -> None:
    upstream.script(b": still here\n\n", HANG)
    assert await reason(model) == "timeout"


@pytest.mark.parametrize("timeouts", [Timeouts(closing=0.2)])
async def test_a_complete_answer_does_not_wait_for_the_end_mark(upstream: Upstream, model: OpenAIChat) -> None:
    upstream.script(delta("done"), finish(), HANG)
    assert await ask(model) == ("done", Finish("stop"))


BOMB = gzip.compress(bytes(64 << 20), compresslevel=1)


@pytest.mark.parametrize(
    ("steps", "status", "headers", "expected"),
    [
        ((b"data: ", *[b"x" * 65536] * 512, HANG), 200, {}, "garbled"),
        ((*[b"x" * 65536] * 512, HANG), 500, {}, "unavailable"),
        ((*[b"x" * 65536] * 512, HANG), 200, {"Content-Type": "application/json"}, "garbled"),
        ((BOMB,), 200, {"Content-Encoding": "gzip"}, "garbled"),
        ((BOMB,), 500, {"Content-Encoding": "gzip"}, "unavailable"),
    ],
)
async def test_too_much_is_refused_in_little_memory(
    upstream: Upstream,
    model: OpenAIChat,
    steps: tuple[Step, ...],
    status: int,
    headers: dict[str, str],
    expected: str,
) -> None:
    """A line without end, an error without end, a body without end, and a gzip bomb: 32 to 64 MiB each."""
    upstream.script(*steps, status=status, headers=headers)
    tracemalloc.start()
    try:
        assert await reason(model) == expected
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


async def test_closing_the_stream_cuts_the_connection(upstream: Upstream, model: OpenAIChat) -> None:
    upstream.script(delta("a"), HANG)
    async with aclosing(model.stream(QUESTION)) as parts:
        await anext(parts)
    assert await run_sync(upstream.hung_up.wait, 5)


@pytest.mark.parametrize("before", [(), (delta("a"),)])
@pytest.mark.parametrize("raw", [True, False])
async def test_cancelling_cuts_the_connection(
    upstream: Upstream, model: OpenAIChat, before: tuple[bytes, ...], raw: bool
) -> None:
    """Before the status line, before the first word, and in the middle."""
    gate = Gate()
    upstream.script(*([HEAD + b"\r\n"] if raw and before else []), *before, gate, HANG, raw=raw)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, model)
        assert await run_sync(gate.reached.wait, 5)
        tasks.cancel_scope.cancel()
    assert await run_sync(upstream.hung_up.wait, 5)


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        (lambda upstream: upstream.script_json({"error": "who?"}, 401, path="/v1/models"), "auth"),
        (
            lambda upstream: upstream.script(b"<html>", headers={"Content-Type": "text/html"}, path="/v1/models"),
            "garbled",
        ),
        (lambda upstream: upstream.script_json({"data": 7}, path="/v1/models"), "garbled"),
        (lambda upstream: upstream.always("/v1/models", Answer((DROP,), raw=True)), "unavailable"),
        (lambda upstream: upstream.script(HANG, path="/v1/models"), "timeout"),
    ],
)
@pytest.mark.parametrize("timeouts", [Timeouts(listing=0.5)])
async def test_listing_models_fails_with_a_reason(
    upstream: Upstream, endpoint: OpenAIEndpoint, break_it: Callable[[Upstream], None], expected: str
) -> None:
    break_it(upstream)
    with pytest.raises(UpstreamError) as raised:
        await endpoint.models()
    assert raised.value.reason == expected

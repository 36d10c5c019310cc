"""What an endpoint says is wrong becomes a reason and words to act on, and never shows a key."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from pydantic import SecretStr

from server.llm import faults
from server.llm.complaint import Complaint
from server.llm.endpoint import MAX_QUOTE, Endpoint

KEY = "canary-93f1c07a55"
ENDPOINT = Endpoint("openai", "Acme", "http://127.0.0.1/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY", SecretStr(KEY))


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (401, {"message": "Incorrect API key provided"}, "auth"),
        (403, {"message": "Country not supported"}, "auth"),
        (400, {"message": "API key not valid. Please pass a valid API key."}, "auth"),
        (402, {"message": "Payment required"}, "quota"),
        (429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}, "quota"),
        (429, {"message": "Rate limit reached. Add a payment method at https://x/billing."}, "rate_limited"),
        (404, {"message": "The model `gpt-9` does not exist", "code": "model_not_found"}, "model_not_found"),
        (404, None, "model_not_found"),
        (400, {"message": "Invalid model name", "code": "model_not_found"}, "model_not_found"),
        (400, {"message": "maximum context length is 4096 tokens", "code": "context_length_exceeded"}, "too_long"),
        (
            400,
            {"message": "request exceeds the available context size", "type": "exceed_context_size_error"},
            "too_long",
        ),
        (413, None, "too_long"),
        (500, {"message": "input is too long for the context window"}, "too_long"),
        (400, {"code": "content_filter", "message": "The response was filtered"}, "filtered"),
        (400, {"message": "messages: must not be empty"}, "rejected"),
        (422, {"message": "value is not valid"}, "rejected"),
        (301, None, "rejected"),
        (408, None, "timeout"),
        (500, {"message": "boom"}, "unavailable"),
        (503, None, "unavailable"),
        (529, {"message": "overloaded"}, "unavailable"),
    ],
)
def test_the_reason(status: int, error: Any, reason: str) -> None:
    assert Complaint.of_body(status, json.dumps({"error": error}).encode()).reason() == reason


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "from OpenAI"}}', "from OpenAI"),
        (b'{"error": "from Ollama"}', "from Ollama"),
        (b'[{"error": {"message": "from Gemini"}}]', "from Gemini"),
        (b'{"object": "error", "message": "from vLLM"}', "from vLLM"),
        (b'{"detail": [{"loc": ["body", "x"], "msg": "from FastAPI"}]}', "from FastAPI"),
        (b"plain words", "plain words"),
        (b"<html><h1>502 Bad Gateway</h1></html>", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 50_000, "[" * 50_000),
        (b"{}", ""),
        (b"", ""),
    ],
)
def test_the_words(body: bytes, words: str) -> None:
    assert Complaint.of_body(500, body).words == words


@pytest.mark.parametrize(
    ("status", "body", "parameter", "refused"),
    [
        (400, "Unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens", True),
        (400, "Unrecognized request argument supplied: stream_options", "stream_options", True),
        (422, {"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}, "stream_options", True),
        (400, "'temperature' does not support 0.2 with this model", "temperature", True),
        (400, "Unsupported parameter: 'max_tokens' is not supported with this model.", "temperature", False),
        (400, "'max_tokens' is too large: 5000. The maximum context length is 4096 tokens", "max_tokens", False),
        (400, "temperature must be at most 2", "temperature", False),
        (500, "stream_options is not supported", "stream_options", False),
    ],
)
def test_a_parameter_is_refused_only_when_the_endpoint_says_so(
    status: int, body: Any, parameter: str, refused: bool
) -> None:
    content = {"detail": [body]} if isinstance(body, dict) else {"error": {"message": body}}
    assert Complaint.of_body(status, json.dumps(content).encode()).refuses(parameter) is refused


def test_the_words_name_the_endpoint_the_remedy_and_what_was_said() -> None:
    complaint = Complaint.of_body(401, b'{"error": {"message": "Who are you?"}}')
    error = faults.failure(ENDPOINT, complaint)
    assert error.message == (
        "Acme does not accept the API key (HTTP 401). Check it (OPENAI_API_KEY). It says: “Who are you?”"
    )
    keyless = Endpoint("openai", "Acme", "http://127.0.0.1/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY")
    assert "Set OPENAI_API_KEY." in faults.failure(keyless, complaint).message


@pytest.mark.parametrize(
    "secret",
    [KEY, f"Bearer {KEY}", "sk-proj-abcdefgh12345678", "sk-ab**********cdef", "ab***********wxyz", "gsk_abcdefgh1234"],
)
def test_no_key_is_ever_quoted(secret: str) -> None:
    quoted = ENDPOINT.quote(f"The key {secret} is wrong: {secret}.")
    assert secret not in quoted
    assert KEY not in quoted
    assert quoted.startswith("The key [key]")


def test_a_quotation_is_short_on_one_line_and_storable() -> None:
    quoted = ENDPOINT.quote("first\nsecond\0\ud800 " + "x" * 1000)
    assert len(quoted) == MAX_QUOTE
    assert quoted.startswith("first second\ufffd\ufffd xxx")
    assert quoted.endswith("x…")


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("-3", 0, 0),
        ("inf", 86_400, 86_400),
        ("in 1000 s", 1, 1000),
        ("in -100 s", 0, 0),
    ],
)
def test_retry_after_in_both_forms(value: str, low: float, high: float) -> None:
    """Seconds, or a date, which the test makes when it runs."""
    if value.startswith("in "):
        value = formatdate(time.time() + float(value.split()[1]), usegmt=True)
    error = faults.failure(ENDPOINT, Complaint(429, "", ""), headers={"retry-after": value})
    assert error.retry_after is not None
    assert low <= error.retry_after <= high
    assert "It asks to wait" in error.message


@pytest.mark.parametrize("value", ["", "soon", "nan", "Fri, 99 Nov 2026 99:99:99 GMT"])
def test_nonsense_is_no_retry_after(value: str) -> None:
    assert faults.failure(ENDPOINT, Complaint(429, "", ""), headers={"retry-after": value}).retry_after is None

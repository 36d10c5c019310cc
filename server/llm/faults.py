"""What an endpoint did wrong → an UpstreamError whose words a person can act on. No I/O."""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Mapping

from server.errors import UpstreamError
from server.llm.complaint import Complaint
from server.llm.endpoint import Endpoint

MAX_RETRY_AFTER = 86_400.0


def failure(
    endpoint: Endpoint, complaint: Complaint, *, model: str = "", headers: Mapping[str, str] | None = None
) -> UpstreamError:
    reason = complaint.reason()
    retry_after = _retry_after(headers or {})
    words = _advice(endpoint, reason, complaint.status, model)
    if reason in ("rate_limited", "unavailable") and retry_after is not None:
        words += f" It asks to wait {math.ceil(retry_after)} s."
    if quoted := endpoint.quote(complaint.words):
        words += f" It says: “{quoted}”"
    return UpstreamError(reason, words, retry_after=retry_after)


def unreachable(endpoint: Endpoint, why: str) -> UpstreamError:
    return UpstreamError(
        "unreachable",
        f"{endpoint.name} cannot be reached ({endpoint.quote(why)}). Check that it is running, and that its address is "
        f"right ({endpoint.address_setting}).",
    )


def hung_up(endpoint: Endpoint) -> UpstreamError:
    return UpstreamError("unavailable", f"{endpoint.name} closed the connection without an answer. Try again later.")


def timed_out(endpoint: Endpoint, what: str) -> UpstreamError:
    return UpstreamError("timeout", f"{endpoint.name} {what}. Try again, or choose another model.")


def garbled(endpoint: Endpoint, why: str) -> UpstreamError:
    return UpstreamError(
        "garbled",
        f"{endpoint.name} sent something that is not a chat answer ({endpoint.quote(why)}). Check that "
        f"{endpoint.address_setting} is the address of an OpenAI-compatible API; most of them end in /v1.",
    )


def cut_off(endpoint: Endpoint) -> UpstreamError:
    return UpstreamError("cut_off", f"{endpoint.name} broke off in the middle of the answer. Try again.")


def empty(endpoint: Endpoint, why: str) -> UpstreamError:
    return UpstreamError("empty", f"{endpoint.name} sent an empty answer ({endpoint.quote(why)}). Try again.")


def filtered(endpoint: Endpoint) -> UpstreamError:
    return UpstreamError("filtered", _advice(endpoint, "filtered", None, ""))


def _advice(endpoint: Endpoint, reason: str, status: int | None, model: str) -> str:
    name = endpoint.name
    code = "" if status is None else f" (HTTP {status})"
    if reason == "auth" and endpoint.api_key is None and endpoint.key_setting:
        return f"{name} asks for an API key{code}. Set {endpoint.key_setting}."
    key = f" ({endpoint.key_setting})" if endpoint.key_setting else ""
    return {
        "auth": f"{name} does not accept the API key{code}. Check it{key}.",
        "quota": f"The account at {name} has no credit left or has reached its limit{code}.",
        "rate_limited": f"{name} takes no more requests for now{code}. Try again a little later.",
        "too_long": "This conversation is too long for the model. Start a new one, or choose a model that reads more.",
        "model_not_found": f"{name} has no model “{endpoint.quote(model)}” at this address{code}. "
        f"Choose another model, or check {endpoint.address_setting}.",
        "filtered": f"The content filter of {name} stopped this answer{code}. Put the question in other words.",
        "timeout": f"{name} took too long{code}. Try again.",
        "unavailable": f"{name} has a problem of its own{code}. Try again later.",
    }.get(reason, f"{name} rejected the request{code}.")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from either form of ``Retry-After``. None for nonsense, and never more than a day."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)

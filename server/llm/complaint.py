"""An endpoint's own error → one of our reasons. Codes differ from server to server, so its words are read as well."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from server.llm.chunks import Garbled, decode_json

_TOO_LONG = re.compile(
    r"context.?length|maximum context|context (?:window|size)|exceed\w* .{0,40}context|reduce the length"
    r"|prompt is too long|input is too long|too many tokens|string_above_max_length"
)
_QUOTA = re.compile(
    r"insufficient.?(?:quota|balance|credits)|exceeded your current quota|out of credits"
    r"|billing_(?:hard_limit|not_active)"
)
_FILTERED = re.compile(r"content.?filter|content management policy|content_policy|safety system|flagged")
_NO_MODEL = re.compile(r"model.?not.?found|model .{0,200}(?:not found|does not exist|not exist)|no such model")
_BAD_KEY = re.compile(
    r"(?:invalid|incorrect|missing|wrong|expired) .{0,20}api.?key|api.?key .{0,20}(?:not valid|invalid)"
)
_RATE = re.compile(r"rate.?limit|too many requests")
_REFUSED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|extra (?:inputs|fields)|not (?:permitted|allowed)"
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """An endpoint's error as it came: ``words`` for people, ``text`` all of it, in lower case, to search."""

    status: int | None
    words: str
    text: str

    @classmethod
    def of_body(cls, status: int, body: bytes) -> Complaint:
        try:
            said = decode_json(body)
        except Garbled:
            words = body.decode("utf-8", "replace")
            # A proxy's error page is no help to anyone.
            return cls(status, "" if "<" in words else words, words.lower())
        return cls(status, _words(said), body.decode("utf-8", "replace").lower())

    @classmethod
    def of_event(cls, error: Any) -> Complaint:
        """An ``error`` in a stream: its status line was 200, so that a status can only stand in its ``code``."""
        code = error.get("code") if isinstance(error, dict) else None
        status = int(code) if isinstance(code, int | str) and re.fullmatch(r"[45]\d\d", str(code)) else None
        return cls(status, _words(error), str(error).lower())

    def reason(self) -> str:
        status, text = self.status, self.text
        if status in (401, 403):
            return "auth"
        if status == 402 or _QUOTA.search(text):
            return "quota"
        if status == 429:
            return "rate_limited"
        if status == 413 or _TOO_LONG.search(text):
            return "too_long"
        if status == 404 or _NO_MODEL.search(text):
            return "model_not_found"
        for reason, pattern in (("filtered", _FILTERED), ("auth", _BAD_KEY), ("rate_limited", _RATE)):
            if pattern.search(text):
                return reason
        if status in (408, 504):
            return "timeout"
        return "unavailable" if status is None or status >= 500 else "rejected"

    def refuses(self, parameter: str) -> bool:
        """Whether it is this optional parameter that the endpoint does not know or want."""
        named = re.search(rf"\b{parameter}\b", self.text) is not None
        return self.status in (400, 422) and named and self.reason() == "rejected" and bool(_REFUSED.search(self.text))


def _words(said: Any) -> str:
    """Out of ``{"error": {"message": …}}``, ``{"error": "…"}``, ``{"detail": [{"msg": …}]}`` and the like."""
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "; ".join(filter(None, map(_words, said[:3])))
    if isinstance(said, dict):
        for key in ("error", "message", "msg", "detail", "errors"):
            if words := _words(said.get(key)):
                return words
    return ""

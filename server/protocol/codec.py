"""The only place where frames meet JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from server.protocol.codes import ErrorCode
from server.protocol.commands import AnyCommand, Command

_decoder = msgspec.json.Decoder(AnyCommand)
_encoder = msgspec.json.Encoder()

_AT_FIELD = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_NAMED_FIELD = re.compile(r"field `(?P<name>[^`]*)`")


class BadFrame(Exception):
    """A frame that is no command: what the error frame says of it."""

    def __init__(self, code: ErrorCode, message: str, *, id: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.id = id
        self.field = field


def encode(frame: msgspec.Struct) -> str:
    return _encoder.encode(frame).decode()


def decode(frame: str) -> Command:
    """Reads one text message of a client. Raises BadFrame, whatever the text holds.

    Duplicate keys, NUL and lone surrogates are refused: parsers disagree about the first, and databases and browsers
    about the others.
    """
    problems: list[str] = []
    try:
        content = json.loads(frame, object_pairs_hook=lambda pairs: _object(pairs, problems))
    except (ValueError, RecursionError) as error:
        words = "is nested too deeply" if isinstance(error, RecursionError) else f"is not valid JSON: {error}"
        raise BadFrame(ErrorCode.BAD_FRAME, f"The frame {words}.") from None
    if not isinstance(content, dict):
        raise BadFrame(ErrorCode.BAD_FRAME, "A frame is one JSON object.")
    request = content.get("id")
    known_id = request if isinstance(request, str) and 1 <= len(request) <= 64 and request.isprintable() else None
    if problems:
        raise BadFrame(ErrorCode.BAD_FRAME, f"The frame is refused: {problems[0]}.", id=known_id)
    try:
        command: Command = _decoder.decode(frame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _explain(error, content, known_id) from None
    return command


def _explain(error: Exception, content: dict[str, Any], request: str | None) -> BadFrame:
    words = str(error)
    if "type" not in content:
        return BadFrame(ErrorCode.UNKNOWN_TYPE, "The frame has no `type`.", id=request)
    if not isinstance(error, msgspec.ValidationError):
        return BadFrame(ErrorCode.BAD_FRAME, "The frame holds text that is not valid Unicode.", id=request)
    at = _AT_FIELD.search(words)
    named = _NAMED_FIELD.search(words)
    path = [part for part in (at and at["path"], named and named["name"]) if part]
    field = ".".join(path) or None
    if field == "type":
        return BadFrame(ErrorCode.UNKNOWN_TYPE, f"There is no command {content['type']!r:.80}.", id=request)
    return BadFrame(ErrorCode.INVALID, _AT_FIELD.sub("", words) + ".", id=request, field=field)


def _object(pairs: list[tuple[str, Any]], problems: list[str]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        problems.append("a key stands twice in one object")
    if any(_holds_nul(part) for pair in pairs for part in pair):
        problems.append("a text holds the character U+0000")
    return members


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    return isinstance(value, list) and any(_holds_nul(item) for item in value)

"""The only place where frames meet JSON."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any

import msgspec

from server.protocol.codes import ErrorCode
from server.protocol.commands import AnyCommand, Command

_decoder = msgspec.json.Decoder(AnyCommand)
_encoder = msgspec.json.Encoder()

MAX_DEPTH = 64
"""Of lists and objects in each other, so that nobody who walks through a value runs out of stack."""
MAX_VALUES = 10_000
"""Of a frame: to read 1 MiB of empty lists would stop the event loop for a second."""
QUOTED = 80
"""Characters of a frame that an error repeats, at most."""

_AT_FIELD = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_NAMED_FIELD = re.compile(r"field `(?P<name>[^`]*)`")
_STRING = re.compile(r'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)
_UNFIT = re.compile("[\0\ud800-\udfff]")


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


def size(value: msgspec.Struct) -> int:
    """Bytes that it takes within a frame."""
    return len(_encoder.encode(value))


def decode(frame: str) -> Command:
    """Reads one text message of a client. Raises BadFrame, whatever the text holds.

    Duplicate keys, NUL and lone surrogates are refused: parsers disagree about the first, and databases and browsers
    about the others.
    """
    flaws: list[str] = []
    content = _parse(frame, flaws)
    if not isinstance(content, dict):
        raise BadFrame(ErrorCode.BAD_FRAME, "A frame is one JSON object.")
    request = content.get("id")
    known_id = request if isinstance(request, str) and 1 <= len(request) <= 64 and _flaw(request) is None else None
    if flaw := _flaw(content):
        flaws.append(flaw)
    if flaws:
        raise BadFrame(ErrorCode.BAD_FRAME, f"The frame is refused: {flaws[0]}.", id=known_id)
    try:
        command: Command = _decoder.decode(frame)
    except msgspec.MsgspecError as error:
        raise _explain(error, content, known_id) from None
    return command


def _parse(frame: str, flaws: list[str]) -> Any:
    if len(frame) > MAX_VALUES and _values(frame) > MAX_VALUES:
        raise BadFrame(ErrorCode.BAD_FRAME, f"The frame holds more than {MAX_VALUES} values.")

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            flaws.append("a key stands twice in one object")
        return found

    try:
        return json.loads(frame, object_pairs_hook=members, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        words = f"is not valid JSON: {error}"
    except ValueError:
        words = "holds a number that is none, or far too long"
    except RecursionError:
        words = "is nested too deeply"
    raise BadFrame(ErrorCode.BAD_FRAME, f"The frame {words}.")


def _values(frame: str) -> int:
    """At least as many as reading it would make: counted without reading it."""
    marks = _STRING.sub("", frame)
    return marks.count("[") + marks.count("{") + marks.count(",")


def _refuse(constant: str) -> None:
    """Python reads ``NaN`` and ``Infinity``, which JSON does not know."""
    raise ValueError(constant)


def _flaw(value: Any, depth: int = MAX_DEPTH) -> str | None:
    """What nobody here wants to meet in a value."""
    if isinstance(value, str):
        return "a text holds U+0000 or half of a surrogate pair" if _UNFIT.search(value) else None
    if not isinstance(value, list | dict):
        return None
    if depth == 0:
        return "it is nested too deeply"
    parts = value if isinstance(value, list) else chain(value, value.values())
    return next((flaw for part in parts if (flaw := _flaw(part, depth - 1))), None)


def _explain(error: msgspec.MsgspecError, content: dict[str, Any], request: str | None) -> BadFrame:
    if "type" not in content:
        return BadFrame(ErrorCode.UNKNOWN_TYPE, "The frame has no `type`.", id=request)
    words = str(error)
    at = _AT_FIELD.search(words)
    named = _NAMED_FIELD.search(words)
    path = [part for part in (at and at["path"], named and named["name"]) if part]
    field = ".".join(path)[:QUOTED] or None
    if field == "type":
        return BadFrame(ErrorCode.UNKNOWN_TYPE, f"There is no command {content['type']!r:.{QUOTED}}.", id=request)
    return BadFrame(ErrorCode.INVALID, f"{_AT_FIELD.sub('', words):.{2 * QUOTED}}.", id=request, field=field)

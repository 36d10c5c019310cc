"""The contract as one JSON Schema, from which the client's types are generated."""

from __future__ import annotations

from typing import Any

import msgspec

from server.protocol.commands import AnyCommand
from server.protocol.events import AnyFrame
from server.protocol.replies import REPLIES, Error, Hello


def schema() -> dict[str, Any]:
    """``command``, ``event``, ``hello``, ``error``, and under ``replies`` the data that answers each command."""
    answered = {_tag(command): reply for command, reply in REPLIES.items()}
    roots, definitions = msgspec.json.schema_components(
        [AnyCommand, AnyFrame, Hello, Error, *answered.values()], ref_template="#/$defs/{name}"
    )
    command, event, hello, error, *replies = roots
    by_command = dict(zip(answered, replies, strict=True))
    return {
        "title": "Protocol",
        **_object(
            {
                "command": {**command, "title": "AnyCommand"},
                "event": {**event, "title": "AnyEvent"},
                "hello": hello,
                "error": error,
                "replies": {**_object(by_command), "title": "Replies"},
            }
        ),
        "$defs": definitions,
    }


def _tag(command: type[msgspec.Struct]) -> str:
    return str(command.__struct_config__.tag)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }

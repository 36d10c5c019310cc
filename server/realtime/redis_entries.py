"""Entries as they travel to Redis and back. Each is decoded once per process, however many follow it there."""

from __future__ import annotations

import msgspec
import structlog

from server.protocol.events import AnyEvent, Event, TurnDelta, TurnFinished, TurnStarted
from server.realtime.redis_scripts import Argument

log = structlog.get_logger(__name__)

Line = tuple[bytes, int, int | None, bytes]
"""Epoch, offset, the version that it was announced under, and the event."""

_encode = msgspec.json.Encoder().encode
_decode: msgspec.json.Decoder[Event] = msgspec.json.Decoder(AnyEvent)


def told(event: Event) -> list[Argument]:
    """What the scripts take of an event: itself, and what it does to the live run of its log."""
    match event:
        case TurnStarted(message=message, run=run):
            return [_encode(event), "begins", message.id, run, len(message.text), len(message.reasoning or "")]
        case TurnFinished():
            return [_encode(event), "ends", "", "", "", ""]
        case _:
            return [_encode(event), "", "", "", "", ""]


def said(delta: TurnDelta) -> list[Argument]:
    return [delta.part, delta.from_, len(delta.text), _encode(delta)]


def parse(line: bytes) -> Line:
    epoch, offset, version, event = line.split(b" ", 3)
    return epoch, int(offset), None if version == b"-" else int(version), event


def lines(page: bytes) -> list[Line]:
    """JSON has no line feeds."""
    return [parse(line) for line in page.split(b"\n")] if page else []


def decode(event: bytes) -> Event | None:
    """None: it is of a kind that only newer workers know."""
    try:
        return _decode.decode(event)
    except msgspec.ValidationError as error:
        log.warning("redis.unknown_event", reason=str(error))
        return None

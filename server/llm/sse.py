"""Server-sent events as bytes come in: no I/O, no JSON. https://html.spec.whatwg.org/multipage/server-sent-events.html

Only ``data`` fields matter here; ``event``, ``id``, ``retry`` and comments are skipped. The parser works on bytes, so a
character that the network cut in two is whole again before anyone decodes it.
"""

from __future__ import annotations

MAX_EVENT_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"


class EventTooLong(ValueError):
    """An event without end: the endpoint is broken, or means harm."""


class EventParser:
    """``feed`` bytes, in any pieces, and get the data of each event that they complete."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._line: list[bytes] = []
        """The pieces of a line that has not ended yet; joined once, so that an endless one costs linear time."""
        self._data: list[bytes] = []
        self._size = 0
        """Bytes of both, the unfinished line and the unfinished event."""
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """Raises EventTooLong when what is not complete yet exceeds the limit."""
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        events: list[bytes] = []
        for piece in chunk.splitlines(keepends=True):
            self._line.append(piece)
            self._size += len(piece)
            if self._size > self._limit:
                raise EventTooLong
            if piece.endswith((b"\n", b"\r")):
                self._end_line(events)
        return events

    def finish(self) -> list[bytes]:
        """The stream has ended: what would have been the next event. It may be half of one."""
        events: list[bytes] = []
        self._end_line(events)
        self._end_event(events)
        return events

    def _end_line(self, events: list[bytes]) -> None:
        line = b"".join(self._line).rstrip(b"\r\n")
        self._line.clear()
        if self._at_start:
            line = line.removeprefix(_BOM)
            self._at_start = False
        if not line:
            self._end_event(events)
            return
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
        self._size = sum(map(len, self._data))

    def _end_event(self, events: list[bytes]) -> None:
        if self._data:
            events.append(b"\n".join(self._data))
            self._data.clear()
        self._size = 0

"""Messages as HTML, rendered where they leave the worker, and each only once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from html import escape

import structlog
from anyio import to_thread

from server.gateway.rendering import Drawn
from server.markdown import BlockStream, render_blocks
from server.protocol.codes import Part
from server.protocol.objects import Message
from server.transcript.standing import texts

log = structlog.get_logger(__name__)

CACHE_CHARS = 32 << 20
"""Characters of HTML that a worker keeps."""
INLINE_CHARS = 1_500
"""Texts up to here, together, are rendered on the event loop: about 2 ms. A thread costs more than it gains."""

Live = tuple[str, Part]
"""A turn and one of its parts."""
Key = tuple[str, Part, int]
"""A message, one of its parts, and the hash of that part's text."""


class Renderer:
    """A cache of rendered texts. A text that has grown, by a continued run, is another text."""

    def __init__(self) -> None:
        self._cache: OrderedDict[Key, str] = OrderedDict()
        self._chars = 0

    async def fill(self, messages: Iterable[Message]) -> None:
        """Sets ``html`` and ``reasoning_html``. All that is not known yet is rendered in one go."""
        messages = list(messages)
        wanted = {_key(message, part): text for message in messages for part, text in texts(message).items() if text}
        known = {key: html for key in wanted if (html := self._cache.get(key)) is not None}
        unknown = {key: text for key, text in wanted.items() if key not in known}
        for key in known:
            self._cache.move_to_end(key)
        if sum(map(len, unknown.values())) <= INLINE_CHARS:
            rendered = _render_all(unknown)
        else:
            rendered = await to_thread.run_sync(_render_all, unknown)
        for key, html in rendered.items():
            self._put(key, html)
        html_of = known | rendered
        for message in messages:
            message.html = html_of.get(_key(message, Part.ANSWER), "")
            if message.reasoning is not None:
                message.reasoning_html = html_of.get(_key(message, Part.REASONING), "")

    def keep(self, message: str, part: Part, text: str, blocks: Iterable[str]) -> None:
        """Remembers what a live answer was rendered to, so that its end costs nothing."""
        self._put((message, part, hash(text)), "".join(blocks))

    def _put(self, key: Key, html: str) -> None:
        self._chars += len(html) - len(self._cache.pop(key, ""))
        self._cache[key] = html
        while self._chars > CACHE_CHARS:
            _, dropped = self._cache.popitem(last=False)
            self._chars -= len(dropped)


def _key(message: Message, part: Part) -> Key:
    return message.id, part, hash(texts(message)[part])


def _render_all(unknown: dict[Key, str]) -> dict[Key, str]:
    return {(message, part, digest): _html(text, message, part) for (message, part, digest), text in unknown.items()}


def _html(text: str, message: str, part: Part) -> str:
    """A text that cannot be rendered is shown as it stands: it must not keep the rest of a conversation back."""
    try:
        return "".join(render_blocks(text, id_prefix(message, part)))
    except Exception:
        log.exception("rendering.failed", message=message, part=part)
        return f"<pre>{escape(text)}</pre>"


def id_prefix(message: str, part: Part) -> str:
    """Of the ids in a part's HTML: two parts of a message stand on the same page."""
    return message if part is Part.ANSWER else f"{message}-r"


def blank(message: str, part: Part) -> Drawn:
    """A part before its first word."""
    return Drawn(BlockStream(id_prefix(message, part)), (), 0)


async def draw(message: Message) -> dict[Live, Drawn]:
    """Both parts of a live answer as they stand."""
    drawn = {}
    for part, text in texts(message).items():
        stream = BlockStream(id_prefix(message.id, part))
        stream.feed(text)
        blocks = stream.render() if len(text) <= INLINE_CHARS else await to_thread.run_sync(stream.render)
        drawn[message.id, part] = Drawn(stream, blocks, len(text))
    return drawn

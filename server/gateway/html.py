"""Messages as HTML, rendered where they leave the worker, and each only once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import partial

from anyio import to_thread

from server.gateway.rendering import Blocks
from server.markdown import BlockStream, render_blocks
from server.protocol.codes import Part
from server.protocol.objects import Message

CACHE_CHARS = 32 << 20
"""Characters of HTML that a worker keeps."""
INLINE_CHARS = 1_500
"""Texts up to here are rendered on the event loop: about 2 ms. A thread costs more than it gains."""

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
        """Sets ``html`` and ``reasoning_html``."""
        for message in messages:
            message.html = await self._render(message.id, Part.ANSWER, message.text)
            if message.reasoning is not None:
                message.reasoning_html = await self._render(message.id, Part.REASONING, message.reasoning)

    def keep(self, message: str, part: Part, text: str, blocks: Iterable[str]) -> None:
        """Remembers what a live answer was rendered to, so that its end costs nothing."""
        self._put((message, part, hash(text)), "".join(blocks))

    async def _render(self, message: str, part: Part, text: str) -> str:
        if not text:
            return ""
        key = (message, part, hash(text))
        html = self._cache.get(key)
        if html is not None:
            self._cache.move_to_end(key)
            return html
        if len(text) <= INLINE_CHARS:
            html = "".join(render_blocks(text, id_prefix(message, part)))
        else:
            html = "".join(await to_thread.run_sync(partial(render_blocks, text, id_prefix(message, part))))
        self._put(key, html)
        return html

    def _put(self, key: Key, html: str) -> None:
        self._chars += len(html) - len(self._cache.pop(key, ""))
        self._cache[key] = html
        while self._chars > CACHE_CHARS:
            _, dropped = self._cache.popitem(last=False)
            self._chars -= len(dropped)


def texts(message: Message) -> dict[Part, str]:
    return {Part.ANSWER: message.text, Part.REASONING: message.reasoning or ""}


def id_prefix(message: str, part: Part) -> str:
    """Of the ids in a part's HTML: two parts of a message stand on the same page."""
    return message if part is Part.ANSWER else f"{message}-r"


async def streams(message: Message) -> dict[Live, tuple[BlockStream, Blocks]]:
    """Both parts of a live answer as they stand, ready to grow."""
    result = {}
    for part, text in texts(message).items():
        stream = BlockStream(id_prefix(message.id, part))
        stream.feed(text)
        blocks = stream.render() if len(text) <= INLINE_CHARS else await to_thread.run_sync(stream.render)
        result[message.id, part] = (stream, blocks)
    return result

"""The active path as a page for any browser, which comes back as it was.

What is read again stands beside what is shown, in elements that a browser neither shows nor runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape

import msgspec

from server.carrying import format
from server.carrying.format import Conversation, Head, Message
from server.errors import Unfit
from server.pages import page
from server.pages.page import Page, Shown
from server.pages.words import Words

_KEPT = re.compile(r'<template class="parley-(?P<kind>head|message)">(?P<json>[^<]*)</template>')
"""Nobody's text can look like it: there is no "<" of a text in a page of ours."""


def pieces(conversation: Conversation, words: Words) -> Iterator[str]:
    path = format.path_of(conversation)
    return page.pieces(
        Page(
            title=conversation.title,
            messages=[shown(message) for message in path],
            words=words,
            about=words.when(conversation.created_at) if conversation.created_at else "",
            asker=words.you,
            head=_kept("head", format.head_of(conversation)),
            hidden=lambda number: _kept("message", path[number]),
        )
    )


def shown(message: Message) -> Shown:
    return Shown(
        role=message.role,
        text=message.text,
        status=message.status,
        created_at=message.created_at,
        reasoning=message.reasoning,
        model=message.model,
    )


def written_by_us(text: str) -> bool:
    return _KEPT.search(text) is not None


def read(text: str) -> Conversation:
    """Raises Unfit, or msgspec's errors, for what is none of ours."""
    head: Head | None = None
    messages: list[Message] = []
    for found in _KEPT.finditer(text):
        content = unescape(found["json"])
        if found["kind"] == "head":
            head = msgspec.json.decode(content, type=Head)
        else:
            messages.append(msgspec.json.decode(content, type=Message))
    if head is None:
        raise Unfit("foreign", "Parley did not write this page.")
    return format.in_a_row(head, messages)


def _kept(kind: str, content: object) -> str:
    return f'<template class="parley-{kind}">{escape(msgspec.json.encode(content).decode())}</template>\n'

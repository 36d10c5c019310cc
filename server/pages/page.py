"""A conversation as a page that needs no script, no other file and no other server: exported, or shared by a link."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

import structlog

from server.markdown import render_blocks
from server.pages.styles import POLICY, STYLES
from server.pages.words import Words
from server.protocol.codes import Role, Status

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a reader sees it."""

    role: Role
    text: str
    status: Status
    created_at: datetime | None = None
    reasoning: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    messages: Sequence[Shown]
    words: Words
    about: str = ""
    """Below the title."""
    asker: str = ""
    """Who asked."""
    foot: str = ""
    live: str = ""
    """HTML for a page that is not finished."""
    head: str = ""
    """HTML in the head, and per message at its beginning, that nobody sees."""
    hidden: Callable[[int], str] | None = None


def pieces(page: Page) -> Iterator[str]:
    """The page, a message at a time: texts can be long."""
    words = page.words
    title = escape(page.title or words.untitled)
    yield (
        f'<!doctype html>\n<html lang="{words.lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">\n'
        '<meta name="robots" content="noindex, nofollow">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{STYLES}</style>\n</head>\n<body>\n{page.head}"
        f'<main>\n<h1 class="title" dir="auto">{title}</h1>\n'
    )
    if page.about:
        yield f'<p class="about">{escape(page.about)}</p>\n'
    if not page.messages:
        yield f"<p>{escape(words.empty)}</p>\n"
    for number, message in enumerate(page.messages):
        yield _article(message, number, page)
    if page.live:
        yield f'<p class="live" role="status">{page.live}</p>\n'
    if page.foot:
        yield f"<footer>{escape(page.foot)}</footer>\n"
    yield "</main>\n</body>\n</html>\n"


def notice(title: str, text: str, words: Words) -> str:
    """A page that says one thing."""
    return "".join(pieces(Page(title=title, messages=(Shown(Role.SYSTEM, text, Status.COMPLETE),), words=words)))


def _article(message: Shown, number: int, page: Page) -> str:
    words = page.words
    hidden = page.hidden(number) if page.hidden else ""
    prefix = f"m{number}-"
    made = f'<article dir="auto">\n{hidden}'
    if by := _by(message, page):
        made += f'<h2 class="by">{by}</h2>\n'
    if message.reasoning:
        thoughts = _html(message.reasoning, f"{prefix}r-")
        made += f"<details><summary>{escape(words.thoughts)}</summary>\n{thoughts}</details>\n"
    if message.role is Role.USER:
        made += f'<div class="question">{escape(message.text)}</div>\n'
    elif message.text:
        made += f'<div class="answer">\n{_html(message.text, prefix)}</div>\n'
    ending = words.endings.get(message.status)
    if ending and not (page.live and message.status.live):
        made += f'<p class="ending">{escape(ending)}</p>\n'
    return f"{made}</article>\n"


def _by(message: Shown, page: Page) -> str:
    if message.created_at is None:
        return ""
    words = page.words
    names = {Role.USER: page.asker, Role.SYSTEM: words.system, Role.ASSISTANT: message.model or words.assistant}
    moment = f'<time datetime="{message.created_at.isoformat()}">{words.when(message.created_at)}</time>'
    return f"{escape(names[message.role])} {moment}"


_SCROLLS = re.compile(r'<(pre|table|(?:div|span) class="math block")(?=[ >])')
"""What may be wider than the page. Whoever has no mouse scrolls in it once it has the focus."""


def _html(text: str, prefix: str) -> str:
    """What cannot be rendered is shown as it stands: it must not keep the rest back."""
    try:
        return _SCROLLS.sub(r'<\1 tabindex="0"', "".join(render_blocks(text, prefix)))
    except Exception:
        log.exception("page.not_rendered")
        return f"<pre>{escape(text)}</pre>"

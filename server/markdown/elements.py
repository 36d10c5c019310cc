"""Tokens → HTML elements."""

from __future__ import annotations

import re
from typing import Any

from mistune import BlockState, HTMLRenderer, escape, safe_entity

from server.markdown.code import code_block

_OPENABLE = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
_ANCHOR_TAG = re.compile(r"</?a(?: [^>]*)?>")
_LEAVES_PAGE = ' target="_blank" rel="noopener noreferrer nofollow"'


class Elements(HTMLRenderer):
    """What a token looks like. Every value that comes from the text is escaped here.

    - Entities in text mean their character: ``&copy;`` is ©, and ``&amp;lt;`` shows as ``&lt;``.
    - A link to anything but http, https and mailto is its text.
    - An image is a link to its address: a picture that loads by itself tells a stranger who reads what, and when.
    - Ids and the links to them begin with ``env["id_prefix"]``.
    """

    def render_token(self, token: dict[str, Any], state: BlockState) -> str:
        if token["type"] == "footnote_ref":
            return _footnote_ref(token["attrs"]["index"], state)
        if token["type"] == "footnote_item":
            prefix = escape(state.env["id_prefix"])
            return _footnote_item(self.render_tokens(token["children"], state), token["attrs"]["index"], prefix)
        return super().render_token(token, state)

    def text(self, text: str) -> str:
        return safe_entity(text)

    def joint(self) -> str:
        return ""

    def link(self, text: str, url: str, title: str | None = None) -> str:
        text = _ANCHOR_TAG.sub("", text)
        return _anchor(text, url, title, "") if _OPENABLE.match(url) else text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        text = _ANCHOR_TAG.sub("", text)
        if not _OPENABLE.match(url):
            return text
        return _anchor(text or escape(url), url, title, ' class="image-link"')

    def block_code(self, code: str, info: str | None = None, unfinished: bool = False) -> str:
        return code_block(code, info, unfinished=unfinished)

    def inline_math(self, tex: str) -> str:
        return f'<span class="math inline">{escape(tex)}</span>'

    def display_math(self, tex: str) -> str:
        return f'<span class="math block">{escape(tex)}</span>'

    def block_math(self, tex: str) -> str:
        return f'<div class="math block">{escape(tex)}</div>\n'

    def table(self, text: str) -> str:
        return f"<table>\n{text}</table>\n"

    def table_head(self, text: str) -> str:
        return f"<thead>\n<tr>\n{text}</tr>\n</thead>\n"

    def table_body(self, text: str) -> str:
        return f"<tbody>\n{text}</tbody>\n"

    def table_row(self, text: str) -> str:
        return f"<tr>\n{text}</tr>\n"

    def table_cell(self, text: str, align: str | None, head: bool) -> str:
        """Aligned by attribute: the Content-Security-Policy allows no inline style."""
        tag = "th" if head else "td"
        attribute = f' align="{align}"' if align else ""
        return f"<{tag}{attribute}>{text}</{tag}>\n"


def _anchor(text: str, url: str, title: str | None, attributes: str) -> str:
    if title:
        attributes += f' title="{safe_entity(title)}"'
    return f'<a href="{escape(url)}"{attributes}{_LEAVES_PAGE}>{text}</a>'


def _footnote_ref(index: int, state: BlockState) -> str:
    """The raised number. The first has the id to which the note leads back; an id must not occur twice."""
    prefix, seen = escape(state.env["id_prefix"]), state.env.setdefault("footnotes_shown", set())
    identity = "" if index in seen else f' id="{prefix}fnref-{index}"'
    seen.add(index)
    return f'<sup class="footnote-ref"{identity}><a href="#{prefix}fn-{index}">{index}</a></sup>'


def _footnote_item(text: str, index: int, prefix: str) -> str:
    back = f'<a href="#{prefix}fnref-{index}" class="footnote-back">\u21a9</a>'
    text = text.rstrip()
    text = f"{text[:-4]} {back}</p>" if text.endswith("</p>") else f"{text}\n{back}"
    return f'<li id="{prefix}fn-{index}">{text}</li>\n'

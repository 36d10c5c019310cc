"""One chunk of Markdown source → safe HTML."""

from __future__ import annotations

from mistune import BlockState, Markdown
from mistune.plugins import import_plugin

from server.markdown.addresses import bare_addresses
from server.markdown.allowed import clean
from server.markdown.blocks import Blocks
from server.markdown.elements import Elements
from server.markdown.emphasis import Inline
from server.markdown.formulas import formulas
from server.markdown.tables import tables
from server.markdown.text import whole_text


def _build() -> Markdown:
    markdown = Markdown(Elements(), Blocks(), Inline())
    for plugin in (
        import_plugin("strikethrough"),
        import_plugin("task_lists"),
        import_plugin("footnotes"),
        tables,
        formulas,
        bare_addresses,
    ):
        markdown.use(plugin)
    return markdown


_markdown = _build()
"""Shared by all threads: what belongs to one text is in the state that each call makes."""


def render_block(source: str, prefix: str = "") -> str:
    """The HTML of ``source``, well-formed alone and safe to insert. Ids in it begin with ``prefix``.

    Takes any ``str``: lone surrogates and NUL become U+FFFD, every kind of line end counts as ``\\n``.
    """
    state = BlockState()
    state.env["id_prefix"] = prefix
    html, _ = _markdown.parse(whole_text(source), state)
    return clean(str(html))

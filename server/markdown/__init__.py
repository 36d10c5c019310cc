"""Markdown as language models write it → safe HTML, whole or while it grows.

The HTML of a message is ``"".join(render_blocks(text, message_id))``. It depends on the text alone, not on the chunks
in which it came, so that what a tab sees while an answer streams is what it sees after a reload.

    stream      a growing text → rendered blocks; closed blocks are rendered once
      split     where a growing text can be cut for good
      render    one chunk of source → safe HTML
        blocks, tables, formulas, emphasis, addresses    the grammar: what differs from mistune's own
        elements, code                                   tokens → HTML
        allowed                                          the second wall: which HTML may leave at all
"""

from __future__ import annotations

from server.markdown.render import render_block
from server.markdown.stream import BlockStream, render_blocks

__all__ = ["BlockStream", "render_block", "render_blocks"]

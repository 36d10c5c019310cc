"""Web addresses that stand in the text as they are."""

from __future__ import annotations

from re import Match

from mistune import InlineParser, InlineState, Markdown, escape_url

# It ends at white space, at what Markdown may mean by the next character, and where Chinese goes on: a sentence there
# follows without a space. A percent sign stands for Chinese inside an address.
_ADDRESS = r"https?://[^\s<>\[\]`\"*|\\\u2018-\u201f\u2026\u3000-\u303f\u3040-\u9fff\uac00-\ud7ff\uff00-\uffef]+"
_TRAILING = ".,:;!?'_~"


def bare_addresses(md: Markdown) -> None:
    """A plugin for mistune: ``https://example.com/`` is a link to itself."""
    md.inline.register("address", _ADDRESS, _parse_address, start_chars="h")


def _parse_address(inline: InlineParser, m: Match[str], state: InlineState) -> int | None:
    before = m.string[m.start() - 1 : m.start()]
    if before.isascii() and before.isalnum():
        return None
    address = _without_sentence(m[0])
    if address.endswith("://"):
        return None
    end = m.start() + len(address)
    if state.in_link:
        inline.process_text(address, state, parse_emphasis=False)
        return end
    state.append_token(
        {
            "type": "link",
            "children": [{"type": "text", "raw": address}],
            "attrs": {"url": escape_url(address)},
            # Inside the text of a link it is text again, which mistune takes from here.
            "_autolink": address,
        }
    )
    return end


def _without_sentence(address: str) -> str:
    """``address`` without the punctuation of the sentence around it: a ")" stays if its "(" is inside."""
    closing = address.count(")") - address.count("(")
    end = len(address)
    while end:
        if address[end - 1] == ")" and closing > 0:
            closing -= 1
        elif address[end - 1] not in _TRAILING:
            break
        end -= 1
    return address[:end]

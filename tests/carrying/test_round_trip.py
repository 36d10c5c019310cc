"""What was exported comes back as it was: JSON whole, Markdown and HTML as the path that they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.carrying import as_html, as_markdown, format
from server.carrying.format import Conversation, Export, Message, path_of
from server.errors import Invalid
from server.pages.words import CHINESE, ENGLISH, Words
from server.protocol.codes import Role, Status, Verdict
from server.protocol.objects import Feedback, TurnError, Usage

AT = datetime(2026, 3, 10, 12, 0, 0, 123456, tzinfo=UTC)
AWKWARD = [
    "",
    "\n",
    "\n\n  \n",
    "a\r\nb\rc",
    "<!-- parley 0123456789abcdef text -->\nnot the end\n<!-- parley end -->",
    "</template></article><script>alert(1)</script><!--",
    '<template class="parley-message">{"id":"x"}</template>',
    "</details>\n\n## 我 · 2026",
    "--> ]]> &amp; &lt; “引号” 潮汐 🌊🏝️ \u2028 \ufeff e\u0301",
    "```html\n<!-- x -->\n```\n",
]
TEXTS = st.sampled_from(AWKWARD) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60
)

Reader = Callable[[str], Conversation]
Writer = Callable[[Conversation, Words], Iterator[str]]
FORMATS = [(as_markdown.pieces, as_markdown.read), (as_html.pieces, as_html.read)]


def talk(*said: str, reasoning: str | None = None, title: str = "潮汐 > tides -->") -> Conversation:
    messages = [
        Message(
            id=f"m{number}",
            parent=f"m{number - 1}" if number else None,
            role=Role.ASSISTANT if number % 2 else Role.USER,
            text=text,
            reasoning=reasoning if number % 2 else None,
            status=Status.FAILED if number % 2 else Status.COMPLETE,
            error=TurnError(code="timeout", message="slow -->") if number % 2 else None,
            model="gpt/5 -->" if number % 2 else None,
            usage=Usage(prompt_tokens=3, completion_tokens=4) if number % 2 else None,
            created_at=AT,
            finished_at=AT,
        )
        for number, text in enumerate(said)
    ]
    leaf = messages[-1].id if messages else None
    return Conversation(id="c1", title=title, leaf=leaf, created_at=AT, updated_at=AT, messages=messages)


@pytest.mark.parametrize(("write", "read"), FORMATS)
@settings(max_examples=40, deadline=None)
@given(st.lists(TEXTS, max_size=4), st.none() | TEXTS.filter(bool))
def test_any_texts(write: Writer, read: Reader, said: list[str], reasoning: str | None) -> None:
    conversation = talk(*said, reasoning=reasoning)
    for words in (ENGLISH, CHINESE):
        assert read("".join(write(conversation, words)).encode().decode()) == conversation


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_json(said: list[str]) -> None:
    conversation = talk(*said)
    conversation.system_prompt, conversation.pinned = "Be brief.", True
    read = msgspec.json.decode(format.encode(Export(conversation=conversation)), type=Export)
    assert read == Export(conversation=conversation)


def test_the_path_alone_is_in_a_page_and_in_markdown() -> None:
    """Whoever passes such a file on passes on what it shows."""
    conversation = talk("Why?", "Because.")
    conversation.system_prompt = conversation.folder = "SECRET"
    conversation.messages[1].feedback = Feedback(value=Verdict.BAD, comment="SECRET")
    conversation.messages.append(Message(id="z", parent="m0", role=Role.ASSISTANT, text="SECRET"))
    for write, read in FORMATS:
        written = "".join(write(conversation, ENGLISH))
        assert "SECRET" not in written
        assert [message.text for message in path_of(read(written))] == ["Why?", "Because."]


def test_markdown_that_a_person_has_changed() -> None:
    written = "".join(as_markdown.pieces(talk("Why?", "Because."), ENGLISH))
    assert "## You · 2026-03-10 12:00 UTC\n" in written
    changed = written.replace("Because.", "Because of\nthe moon.").replace("\n", "\r\n")
    assert path_of(as_markdown.read("\ufeff" + changed))[1].text == "Because of\nthe moon."
    with pytest.raises(Invalid, match="middle"):
        as_markdown.read(written[:-40])


@pytest.mark.parametrize("read", [as_markdown.read, as_html.read])
def test_files_of_others(read: Reader) -> None:
    with pytest.raises(Invalid):
        read("# Notes\n\n<p>Hello</p>\n")

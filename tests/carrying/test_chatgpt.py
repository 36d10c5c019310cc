"""ChatGPT's tree becomes ours: what a person saw, in the order and with the branches in which they saw it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from server.carrying.chatgpt import Chat, converted, moment
from server.carrying.format import Conversation, Message, path_of
from server.errors import Invalid
from server.protocol.codes import Role, Status
from tests.carrying.files import Frame, chat, node, tides


def convert(content: Frame) -> Conversation:
    return converted(msgspec.convert(content, Chat))


def texts(messages: list[Message]) -> list[str]:
    return [message.text for message in messages]


def test_a_conversation_with_tools_and_a_branch() -> None:
    made = convert(tides())
    assert (made.id, made.title) == ("g1", "Tides")
    assert made.created_at == datetime.fromtimestamp(1_700_000_000.5, UTC)
    question, answer = path_of(made)
    assert (question.role, question.text) == (Role.USER, "Why are there tides?")
    assert question.created_at == datetime.fromtimestamp(1_700_000_001.5, UTC)
    assert answer.text == "The **moon**\n\npulls it."
    assert (answer.model, answer.reasoning, answer.status) == ("gpt-5", "It must be the moon.", Status.COMPLETE)
    other = next(message for message in made.messages if message.text == "The sun.")
    assert (other.parent, other.model) == (question.id, "gpt-4o")
    assert len(made.messages) == 3


def test_pieces_are_joined_only_where_the_path_does_not_fork() -> None:
    mapping = {
        "q": node(None, "user", "Q"),
        "a": node("q", "assistant", "one"),
        "b": node("a", "assistant", "two"),
        "c": node("a", "assistant", "three"),
        "d": node("c", "assistant", "four"),
        "e": node("d", "user", "five"),
    }
    made = convert(chat(mapping, "e"))
    assert texts(path_of(made)) == ["Q", "one", "three\n\nfour", "five"]
    assert {message.text: message.parent for message in made.messages}["two"] == "a"


def test_the_end_of_the_path_may_be_something_hidden() -> None:
    mapping = {"q": node(None, "user", "Q"), "a": node("q", "assistant", "A"), "t": node("a", "tool", "x")}
    assert texts(path_of(convert(chat(mapping, "t")))) == ["Q", "A"]


@pytest.mark.parametrize(
    ("content", "metadata", "text"),
    [
        ({"content_type": "text", "parts": ["a", "", "b"]}, {}, "a\n\nb"),
        ({"content_type": "text", "parts": None}, {}, None),
        ({"content_type": "code", "language": "python", "text": "print(1)"}, {}, "```python\nprint(1)\n```"),
        ({"content_type": "user_editable_context", "user_profile": "me"}, {}, None),
        ({"content_type": "something new", "parts": [{"a": 1}]}, {}, None),
        (
            {"content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer"}, "what is it?"]},
            {},
            "*[image]*\n\nwhat is it?",
        ),
        (
            {"content_type": "multimodal_text", "parts": [{"content_type": "audio_transcription", "text": "hello"}, 3]},
            {},
            "hello",
        ),
        ({"content_type": "text", "parts": ["read"]}, {"attachments": [{"name": "a.pdf"}, 7]}, "read\n\n*[a.pdf]*"),
        ({"content_type": "text", "parts": ["x"]}, {"is_visually_hidden_from_conversation": True}, None),
    ],
)
def test_kinds_of_content(content: Frame, metadata: Frame, text: str | None) -> None:
    made = convert(chat({"q": node(None, "user", content=content, metadata=metadata)}, "q"))
    assert texts(made.messages) == ([] if text is None else [text])


@pytest.mark.parametrize(
    ("details", "status"),
    [
        ({"type": "interrupted"}, "stopped"),
        ({"type": "max_tokens"}, "truncated"),
        ({"type": "stop"}, "complete"),
        (4, "complete"),
    ],
)
def test_how_an_answer_ended(details: Any, status: str) -> None:
    mapping = {"q": node(None, "user", "Q"), "a": node("q", "assistant", "A", metadata={"finish_details": details})}
    assert path_of(convert(chat(mapping, "a")))[-1].status == status


def test_a_parent_that_is_not_there_makes_a_root() -> None:
    assert convert(chat({"q": node("lost", "user", "Q")}, "q")).messages[0].parent is None


def test_a_circle() -> None:
    mapping = {"q": node(None, "user", "Q"), "a": node("b", "user", "A"), "b": node("a", "user", "B")}
    with pytest.raises(Invalid, match="circle"):
        convert(chat(mapping, "q"))


def test_deep_beyond_any_stack() -> None:
    mapping = {str(n): node(str(n - 1) if n else None, "user" if n % 2 else "assistant", str(n)) for n in range(10_000)}
    assert len(path_of(convert(chat(mapping, "9999")))) == 10_000


@pytest.mark.parametrize("seconds", [None, -1.0, float("nan"), float("inf"), 1e300, 1e12])
def test_no_time(seconds: float | None) -> None:
    assert moment(seconds) is None

"""The active path as Markdown, which comes back as it was.

A text may hold any Markdown, also what looks like the line between two messages. So these lines are comments with a
word in them that was made at random for this one file.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import msgspec

from server.carrying import format
from server.carrying.format import Conversation, Head, Message
from server.errors import Unfit
from server.pages.words import Words
from server.protocol.codes import Role

_OPENING = re.compile(r"<!-- parley (?P<word>[0-9a-f]{16}) (?P<head>\{.*\}) -->$")
_DETAILS = re.compile(r"<details>\n<summary>[^\n]*</summary>\n\n(?P<text>.*)\n\n</details>\n*", re.DOTALL)
TEXT, REASONING, END = "text", "reasoning", "end"


def pieces(conversation: Conversation, words: Words) -> Iterator[str]:
    word = secrets.token_hex(8)
    yield f"<!-- parley {word} {_json(format.head_of(conversation))} -->\n"
    yield f"# {conversation.title or words.untitled}\n\n"
    for message in format.path_of(conversation):
        about = {**msgspec.to_builtins(message), "text": None, "reasoning": None, "parent": None}
        yield f"<!-- parley {word} {_json({key: value for key, value in about.items() if value is not None})} -->\n"
        yield f"## {_by(message, words)}\n\n"
        if message.reasoning:
            yield f"<!-- parley {word} {REASONING} -->\n<details>\n<summary>{words.thoughts}</summary>\n\n"
            yield f"{message.reasoning}\n\n</details>\n\n"
        yield f"<!-- parley {word} {TEXT} -->\n{message.text}\n\n"
    yield f"<!-- parley {word} {END} -->\n"


def written_by_us(text: str) -> bool:
    return _OPENING.match(_first_line(text)) is not None


def read(text: str) -> Conversation:
    """Raises Unfit, or msgspec's errors, for what is none of ours. What a person has changed in a text counts."""
    text = text.removeprefix("\ufeff")
    if _first_line(text).endswith("\r"):  # an editor's
        text = text.replace("\r\n", "\n")
    opening = _OPENING.match(_first_line(text))
    if opening is None:
        raise Unfit("foreign", "Parley did not write this Markdown file.")
    _, *parts = re.split(rf"^<!-- parley {opening['word']} (.*) -->\n", text, flags=re.MULTILINE)
    messages: list[Message] = []
    for kind, content in zip(parts[2::2], parts[3::2], strict=True):
        if kind == END:
            break
        if kind.startswith("{"):
            about = msgspec.json.decode(kind, type=dict)
            messages.append(msgspec.convert({**about, "text": "", "parent": None}, Message))
        elif messages and kind == TEXT:
            messages[-1].text = content.removesuffix("\n").removesuffix("\n")
        elif messages and kind == REASONING and (found := _DETAILS.fullmatch(content)):
            messages[-1].reasoning = found["text"]
    if END not in parts[2::2]:
        raise Unfit("damaged", "This Markdown file ends in the middle.")
    return format.in_a_row(msgspec.json.decode(opening["head"], type=Head), messages)


def _first_line(text: str) -> str:
    return text.removeprefix("\ufeff").partition("\n")[0]


def _by(message: Message, words: Words) -> str:
    names = {Role.USER: words.you, Role.SYSTEM: words.system, Role.ASSISTANT: message.model or words.assistant}
    ending = words.endings.get(message.status)
    parts = [names[message.role], words.when(message.created_at) if message.created_at else "", ending or ""]
    return " · ".join(part for part in parts if part)


def _json(content: object) -> str:
    """On one line, and without what would end the comment."""
    return msgspec.json.encode(content).decode().replace(">", "\\u003e")

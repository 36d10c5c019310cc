"""A conversation as ChatGPT exports it: a ``mapping`` of nodes, of which some were never shown to anybody."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from server.carrying.format import Conversation, Message
from server.errors import Unfit
from server.protocol.codes import Role, Status

_CITATION = re.compile("\ue200[^\ue200\ue201]*\ue201")
"""``cite``, ``turn0search0`` and the like, between characters that stand for nothing."""
_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT}
_ENDINGS = {"interrupted": Status.STOPPED, "max_tokens": Status.TRUNCATED}


class Author(msgspec.Struct):
    role: str = ""


class Content(msgspec.Struct):
    content_type: str = ""
    parts: list[Any] | None = None
    text: str | None = None
    language: str | None = None
    thoughts: list[Any] | None = None


class Said(msgspec.Struct):
    author: Author
    content: Content
    id: str | None = None
    create_time: float | None = None
    recipient: str | None = None
    metadata: dict[str, Any] | None = None


class Node(msgspec.Struct):
    message: Said | None = None
    parent: str | None = None
    children: list[str] = []


class Chat(msgspec.Struct):
    mapping: dict[str, Node]
    title: str | None = None
    id: str | None = None
    conversation_id: str | None = None
    current_node: str | None = None
    create_time: float | None = None
    update_time: float | None = None
    is_archived: bool | None = None


def converted(chat: Chat) -> Conversation:
    """Nodes that show nothing are left out, and what follows them follows what was before them."""
    messages: dict[str, Message] = {}
    stands_for: dict[str, str | None] = {}
    """Node → the message that it became, or the one before it."""
    thoughts: dict[str, str] = {}
    for name, node in _from_the_roots(chat.mapping):
        before = stands_for.get(node.parent) if node.parent is not None else None
        thought = thoughts.get(node.parent or "", "")
        made = _message(name, before, node.message) if node.message is not None else None
        if made is None:
            stands_for[name] = before
            if more := _thoughts(node.message):
                thought = f"{thought}\n\n{more}" if thought else more
            thoughts[name] = thought
            continue
        if made.role is Role.ASSISTANT and thought:
            made.reasoning = thought
        stands_for[name] = name
        messages[name] = made
    _join(messages, stands_for)
    return Conversation(
        id=chat.conversation_id or chat.id or "",
        title=chat.title or "",
        archived=bool(chat.is_archived),
        leaf=stands_for.get(chat.current_node or ""),
        created_at=moment(chat.create_time),
        updated_at=moment(chat.update_time),
        messages=list(messages.values()),
    )


def moment(seconds: float | None) -> datetime | None:
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds < 1e11:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _from_the_roots(mapping: dict[str, Node]) -> Iterator[tuple[str, Node]]:
    """Every node after its parent. A node whose parent is not there is a root."""
    children: dict[str | None, list[str]] = {}
    for name, node in mapping.items():
        children.setdefault(node.parent if node.parent in mapping else None, []).append(name)
    waiting = children.get(None, [])[::-1]
    seen = 0
    while waiting:
        name = waiting.pop()
        seen += 1
        yield name, mapping[name]
        waiting += children.get(name, [])[::-1]
    if seen < len(mapping):
        raise Unfit("malformed", "Its messages follow each other in a circle.")


def _message(name: str, before: str | None, said: Said) -> Message | None:
    """None for what was not shown: system texts, calls of tools and what these gave."""
    about = said.metadata or {}
    role = _ROLES.get(said.author.role)
    if role is None or about.get("is_visually_hidden_from_conversation") is True:
        return None
    if role is Role.ASSISTANT and said.recipient not in (None, "", "all"):
        return None
    text = _text(said.content)
    files = [f"*[{each['name']}]*" for each in _dicts(about.get("attachments")) if isinstance(each.get("name"), str)]
    text = "\n\n".join(part for part in (text, *files) if part.strip())
    if not text:
        return None
    model = about.get("model_slug")
    ending = about.get("finish_details")
    ended = ending.get("type") if isinstance(ending, dict) else None
    return Message(
        id=name,
        parent=before,
        role=role,
        text=text,
        status=_ENDINGS.get(str(ended), Status.COMPLETE) if role is Role.ASSISTANT else Status.COMPLETE,
        model=model if role is Role.ASSISTANT and isinstance(model, str) else None,
        created_at=moment(said.create_time),
    )


def _text(content: Content) -> str:
    if content.content_type == "code":
        return f"```{content.language or ''}\n{content.text or ''}\n```" if content.text else ""
    if content.content_type not in ("text", "multimodal_text"):
        return ""
    return _CITATION.sub("", "\n\n".join(part for part in map(_part, content.parts or []) if part))


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    kind, text = part.get("content_type"), part.get("text")
    if isinstance(text, str):
        return text  # such as what somebody said to it
    return "*[image]*" if kind == "image_asset_pointer" else f"*[{kind}]*" if isinstance(kind, str) else ""


def _thoughts(said: Said | None) -> str:
    if said is None or said.content.content_type != "thoughts":
        return ""
    texts = (each.get("content") or each.get("summary") for each in _dicts(said.content.thoughts))
    return "\n\n".join(text for text in texts if isinstance(text, str))


def _join(messages: dict[str, Message], stands_for: dict[str, str | None]) -> None:
    """An answer that tools had cut in pieces is one answer again; not where it goes on in two ways."""
    followers = Counter(message.parent for message in messages.values())
    joined: dict[str, str] = {}
    for name, message in list(messages.items()):
        alone = followers[message.parent] == 1
        parent = message.parent = joined.get(message.parent or "", message.parent)
        before = messages.get(parent or "")
        if before is None or not alone or {before.role, message.role} != {Role.ASSISTANT}:
            continue
        before.text = f"{before.text}\n\n{message.text}"
        before.status = message.status
        before.model = message.model or before.model
        before.reasoning = "\n\n".join(part for part in (before.reasoning, message.reasoning) if part) or None
        joined[name] = before.id
        del messages[name]
    for name, stands in stands_for.items():
        stands_for[name] = joined.get(stands or "", stands)


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())

"""Files as they are uploaded, made for a test."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

Frame = dict[str, Any]


def packed(files: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def exported(id: str = "c1", messages: list[Frame] | None = None, **fields: Any) -> bytes:
    """A conversation in our own format."""
    conversation = {"id": id, "title": "潮汐", "messages": [said("m1")] if messages is None else messages, **fields}
    return json.dumps({"parley_export": 1, "conversation": conversation}).encode()


def said(id: str, parent: str | None = None, role: str = "user", text: str = "为什么有潮汐？", **fields: Any) -> Frame:
    return {"id": id, "parent": parent, "role": role, "text": text, **fields}


def node(
    parent: str | None,
    role: str = "",
    text: str = "",
    *,
    at: float | None = None,
    content: Frame | None = None,
    metadata: Frame | None = None,
    **more: Any,
) -> Frame:
    """A node of ChatGPT's tree; without a role, one that holds no message."""
    message = {
        "id": "x",
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": at,
        "content": content or {"content_type": "text", "parts": [text]},
        "status": "finished_successfully",
        "end_turn": True,
        "weight": 1.0,
        "metadata": metadata or {},
        "recipient": "all",
        **more,
    }
    return {"message": message if role else None, "parent": parent, "children": []}


def chat(mapping: dict[str, Frame], current: str, **fields: Any) -> Frame:
    """A conversation as ChatGPT exports it."""
    for name, each in mapping.items():
        each["id"] = name
        if each["parent"] in mapping:
            mapping[each["parent"]]["children"].append(name)
    about = {"title": "Tides", "create_time": 1_700_000_000.5, "update_time": 1_700_000_100.25, "id": "g1"}
    return {**about, "mapping": mapping, "current_node": current, "plugin_ids": None, "voice": None, **fields}


def tides(**fields: Any) -> Frame:
    """A question, a hidden instruction, an answer in two pieces with a tool between them, and a branch."""
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "The moon", "content": "It must be the moon."}]}
    slug = {"model_slug": "gpt-5"}
    mapping = {
        "root": node(None),
        "system": node("root", "system", "", metadata={"is_visually_hidden_from_conversation": True}),
        "q": node("system", "user", "Why are there tides?", at=1_700_000_001.5),
        "think": node("q", "assistant", content=thoughts, at=1_700_000_002.0),
        "a": node("think", "assistant", "The **moon**", at=1_700_000_003.25, metadata=slug),
        "call": node("a", "assistant", content={"content_type": "code", "text": "x"}, recipient="python"),
        "tool": node("call", "tool", content={"content_type": "execution_output", "text": "1"}),
        "b": node("tool", "assistant", "pulls \ue200cite\ue202turn0\ue201it.", at=1_700_000_009.0, metadata=slug),
        "other": node("q", "assistant", "The sun.", at=1_700_000_050.0, metadata={"model_slug": "gpt-4o"}),
    }
    return chat(mapping, "b", **fields)

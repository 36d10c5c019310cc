"""The fold gives what a fresh snapshot would hold. The client's fold reads the same cases."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from server.protocol.codes import Format
from server.protocol.events import AnyFrame
from server.protocol.replies import ConversationSnapshot
from server.transcript.fold import fold

CASES = sorted((Path(__file__).parent.parent / "transcripts").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text())
    state = msgspec.convert(case["snapshot"], ConversationSnapshot)
    for frame in case["events"]:
        try:
            event = msgspec.convert(frame, AnyFrame)
        except msgspec.ValidationError:
            continue  # an event of a later version, which every client ignores
        state = fold(state, event, Format(case["format"]))
    assert msgspec.to_builtins(state) == msgspec.to_builtins(msgspec.convert(case["expected"], ConversationSnapshot))


def test_there_are_cases() -> None:
    assert len(CASES) >= 12

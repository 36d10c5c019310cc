"""`docs/protocol.md` is complete and true."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from server.gateway.dispatch import COST, COSTS, SLOW, SLOW_COST
from server.protocol import codec, objects
from server.protocol.codes import AccountRole, CloseCode, ErrorCode, Part, Role, Status, Verdict
from server.protocol.commands import Command
from server.protocol.events import AnyFrame, Event
from server.protocol.replies import REPLIES, ConversationSnapshot, Error, Hello, Reply, UserSnapshot
from tests.fixtures.server import ROOT

PAGE = (ROOT / "docs" / "protocol.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n *```", PAGE, re.DOTALL)]
ROWS = {
    (cells[0].strip(" `"), section.split("\n", 1)[0].strip("# ")): [cell.strip() for cell in cells[1:]]
    for section in re.split(r"\n(?=##)", PAGE)
    for cells in (row.strip("|").split("|") for row in section.splitlines() if row.startswith("| `"))
}


def words(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def row(name: str, section: str) -> list[str]:
    return next(cells for (first, title), cells in ROWS.items() if first == name and title.startswith(section))


def fields(struct: type[msgspec.Struct], *, without: set[str]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)} - without


def tag(struct: type[msgspec.Struct]) -> str:
    return str(struct.__struct_config__.tag)


def leaves(struct: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    below = [leaf for child in struct.__subclasses__() for leaf in leaves(child)]
    return below or [struct]


@pytest.mark.parametrize("command", leaves(Command), ids=tag)
def test_commands(command: type[Command]) -> None:
    """Each has a row with its fields, optional ones marked, and what its reply holds."""
    asked, answered = row(tag(command), "4.")
    assert words(asked) == fields(command, without={"id"})
    optional = {field.encode_name for field in msgspec.structs.fields(command) if not field.required}
    assert set(re.findall(r"`(\w+)`\?", asked)) == optional
    assert words(answered) == fields(REPLIES[command], without=set())


@pytest.mark.parametrize("event", leaves(Event), ids=tag)
def test_events(event: type[Event]) -> None:
    (described,) = row(tag(event), "5.")
    without = {"offset"} | ({"conversation"} if "conversation" not in words(described) else set())
    assert words(described) == fields(event, without=without)


def test_nothing_is_described_that_does_not_exist() -> None:
    named = {name for (name, section) in ROWS if section.startswith(("4.", "5."))}
    assert named == {tag(struct) for struct in [*leaves(Command), *leaves(Event)]}


def test_codes() -> None:
    assert {name for name, section in ROWS if section.startswith("Error codes")} == set(ErrorCode)
    assert {name for name, section in ROWS if section.startswith("6.")} == set(Status)
    for code in CloseCode:
        assert re.search(rf"^\|[^|]*\b{code.value}\b", PAGE, re.MULTILINE), code
    for value in [*Role, *AccountRole, *Part, *Verdict]:
        assert f"`{value}`" in PAGE


@pytest.mark.parametrize(
    "struct",
    [
        objects.Message,
        objects.Conversation,
        objects.LiveTurn,
        objects.User,
        objects.Session,
        objects.Model,
        objects.TurnState,
        objects.Draft,
        objects.Notice,
        objects.Params,
        objects.Share,
        objects.Usage,
        objects.Feedback,
        objects.Folder,
        objects.Preset,
        objects.Limits,
        UserSnapshot,
        ConversationSnapshot,
    ],
)
def test_objects(struct: type[msgspec.Struct]) -> None:
    for name in fields(struct, without=set()):
        assert re.search(rf"[`\"]{name}[`\"]", PAGE), name


def test_costs() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]*) \|$", PAGE, re.MULTILINE)
    told = {name: int(points) for points, cell in rows for name in words(cell)}
    assert told == {tag(command): cost for command, cost in COSTS.items()} | {
        tag(command): SLOW_COST for command in SLOW
    }
    assert (str(COST), "every other") in rows


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("frame", EXAMPLES, ids=lambda frame: frame["type"])
def test_examples(frame: dict[str, Any]) -> None:
    """Each is a command that is accepted, or a frame that could be sent."""
    text = json.dumps(frame)
    if frame["type"] in {tag(command) for command in leaves(Command)}:
        codec.decode(text)
        return
    kinds: dict[str, Any] = {"hello": Hello, "reply": Reply, "error": Error}
    decoded = msgspec.json.decode(text, type=kinds.get(frame["type"], AnyFrame))
    assert json.loads(codec.encode(decoded)).keys() >= frame.keys()

"""The schema is complete: what can be asked has an answer, and what happens has an event."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from server.gateway.dispatch import HANDLERS
from server.protocol.commands import AnyCommand, Command
from server.protocol.events import AnyEvent, AnyFrame, ConversationEvent, Event, UserEvent
from server.protocol.replies import REPLIES
from server.protocol.schema import schema

USER_EVENTS = {
    "conversation.created",
    "conversation.updated",
    "conversation.deleted",
    "turn.status",
    "session.opened",
    "session.closed",
    "draft",
    "models.updated",
    "settings.updated",
    "folders.updated",
    "presets.updated",
    "account.updated",
    "notice",
}
CONVERSATION_EVENTS = {
    "message.created",
    "turn.started",
    "turn.delta",
    "turn.finished",
    "message.updated",
    "path.selected",
}


def tags(*structs: type[msgspec.Struct]) -> set[str]:
    return {str(struct.__struct_config__.tag) for struct in structs}


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """As the generator of the client's types reads it."""
    read: dict[str, Any] = json.loads(json.dumps(schema()))
    return read


def test_every_command_has_a_reply_and_a_handler() -> None:
    declared = set(Command.__subclasses__())
    assert set(REPLIES) == declared
    assert set(HANDLERS) == declared
    assert set(AnyCommand.__args__) == declared


def test_every_event_of_both_logs_can_be_read() -> None:
    assert tags(*UserEvent.__subclasses__()) == USER_EVENTS
    assert tags(*ConversationEvent.__subclasses__()) == CONVERSATION_EVENTS | {"turn.render"}
    assert tags(*AnyEvent.__args__) == USER_EVENTS | CONVERSATION_EVENTS
    assert tags(*AnyFrame.__args__) == USER_EVENTS | CONVERSATION_EVENTS | {"turn.render", "reset"}


def test_events_of_logs_carry_an_offset_and_those_of_conversations_its_id() -> None:
    for event in AnyEvent.__args__:
        assert issubclass(event, Event)
        assert "offset" in event.__struct_fields__
    for event in ConversationEvent.__subclasses__():
        assert "conversation" in event.__struct_fields__


def test_the_schema_names_them_all(written: dict[str, Any]) -> None:
    assert set(written["properties"]["replies"]["properties"]) == tags(*AnyCommand.__args__)
    for root, structs in (("command", AnyCommand.__args__), ("event", AnyFrame.__args__)):
        assert set(written["properties"][root]["discriminator"]["mapping"]) == tags(*structs)


def test_commands_refuse_unknown_fields_and_events_do_not(written: dict[str, Any]) -> None:
    """A client of today ignores what a later server says; the server ignores nothing."""
    for command in AnyCommand.__args__:
        assert written["$defs"][command.__name__]["additionalProperties"] is False
    for event in AnyFrame.__args__:
        assert "additionalProperties" not in written["$defs"][event.__name__]


def test_every_reference_leads_somewhere(written: dict[str, Any]) -> None:
    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            here = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return here.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    assert references(written) <= {f"#/$defs/{name}" for name in written["$defs"]}

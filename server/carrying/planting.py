"""A conversation from a file as rows of our own: what it may not be is refused, what it lacks is made up for."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec

from server import tables
from server.carrying.format import MAX_MESSAGES, MAX_TEXT, Conversation, Message
from server.errors import TooLarge, Unfit
from server.protocol.codes import Role, Status
from server.protocol.commands import MAX_COMMENT, MAX_FOLDER_NAME, MAX_TITLE
from server.tables import TitleSource, new_id
from server.turns.titles import first_words

_UNFIT = re.compile(r"[\0\ud800-\udfff]")
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NAME_CHARS = 200
CODE_CHARS = 40


def source_of(kind: str, conversation: Conversation) -> str:
    """The same for the same conversation, however often it comes. One without a name is known by what is in it."""
    named = conversation.id or sha256(msgspec.json.encode(_named(conversation))).hexdigest()
    return sha256(f"{kind}:{named}".encode("utf-8", "replace")).hexdigest()


def rows(
    conversation: Conversation, user: str, moment: datetime, models: Container[str]
) -> tuple[tables.Conversation, list[tables.Message]]:
    """With new ids, times that can be, and the same tree. Raises Unfit or TooLarge."""
    if not conversation.messages:
        raise Unfit("empty", "There is no message in it.")
    if len(conversation.messages) > MAX_MESSAGES:
        raise TooLarge(f"It has more than {MAX_MESSAGES:,} messages.")
    if any(max(len(each.text), len(each.reasoning or "")) > MAX_TEXT for each in conversation.messages):
        raise TooLarge(f"A message in it has more than {MAX_TEXT:,} characters.")
    ordered = _from_the_roots(conversation.messages)
    began = _between(FIRST, conversation.created_at, moment) or _first_time(ordered, moment)
    ids = {message.id: new_id() for message in ordered}
    row = tables.Conversation(
        user_id=user,
        title=_title(conversation, ordered),
        title_source=TitleSource.PERSON if conversation.title.strip() else TitleSource.WORDS,
        model=conversation.model if conversation.model in models else None,
        system_prompt=_whole(conversation.system_prompt),
        params=msgspec.to_builtins(conversation.params),
        pinned=conversation.pinned,
        archived=conversation.archived,
        leaf_id=ids.get(conversation.leaf or "") or ids[_last(ordered).id],
        created_at=began,
    )
    times: dict[str | None, datetime] = {None: began}
    youngest: dict[str | None, datetime] = {}
    made = []
    for message in ordered:
        at = _between(FIRST, message.created_at, moment) or times[message.parent]
        if message.parent in youngest:  # siblings stand in the order of their times
            at = max(at, youngest[message.parent] + TICK)
        times[message.id] = youngest[message.parent] = at
        made.append(_message(message, ids, row.id, at, moment))
    row.updated_at = _between(FIRST, conversation.updated_at, moment) or max(each.created_at for each in made)
    return row, made


def _message(
    message: Message, ids: dict[str, str], conversation: str, created_at: datetime, moment: datetime
) -> tables.Message:
    status = message.status if message.role is Role.ASSISTANT else Status.COMPLETE
    error, usage = message.error, message.usage
    feedback = message.feedback if message.role is Role.ASSISTANT else None
    return tables.Message(
        id=ids[message.id],
        conversation_id=conversation,
        parent_id=ids[message.parent] if message.parent is not None else None,
        role=message.role,
        text=_whole(message.text),
        reasoning=_whole(message.reasoning) if message.reasoning else None,
        reasoning_ms=_count(message.reasoning_ms) if message.reasoning_ms is not None else None,
        status=Status.INTERRUPTED if status.live else status,  # nobody writes it on
        error_code=_code(error.code) if error else None,
        error_message=_whole(error.message)[:1000] if error else None,
        model=_whole(message.model)[:NAME_CHARS] if message.model else None,
        prompt_tokens=_count(usage.prompt_tokens) if usage else None,
        completion_tokens=_count(usage.completion_tokens) if usage else None,
        feedback=feedback.value if feedback else None,
        feedback_comment=_whole(feedback.comment)[:MAX_COMMENT] if feedback and feedback.comment else None,
        created_at=created_at,
        finished_at=_between(created_at, message.finished_at, moment) or created_at,
    )


def folder_of(conversation: Conversation) -> str:
    """The name of its folder; empty: in none."""
    return _whole(conversation.folder or "").strip()[:MAX_FOLDER_NAME]


def _from_the_roots(messages: list[Message]) -> list[Message]:
    """Every message after its parent, siblings by their times."""
    known = {message.id for message in messages}
    if len(known) < len(messages):
        raise Unfit("malformed", "Two of its messages have the same id.")
    children: dict[str | None, list[Message]] = {}
    for message in messages:
        if message.parent is not None and message.parent not in known:
            raise Unfit("malformed", "A message in it follows one that is not there.")
        children.setdefault(message.parent, []).append(message)
    ordered: list[Message] = []
    waiting: list[str | None] = [None]
    while waiting:
        found = sorted(children.get(waiting.pop(), []), key=lambda message: _aware(message.created_at) or FIRST)
        ordered += found
        waiting += [message.id for message in found]
    if len(ordered) < len(messages):
        raise Unfit("malformed", "Its messages follow each other in a circle.")
    return ordered


def _last(ordered: list[Message]) -> Message:
    """The end of the path that was always gone on with at its newest."""
    newest = {message.parent: message for message in ordered}
    last = newest[None]
    while last.id in newest:
        last = newest[last.id]
    return last


def _title(conversation: Conversation, ordered: list[Message]) -> str:
    title = " ".join(_whole(conversation.title).split())[:MAX_TITLE]
    asked = next((message for message in ordered if message.role is Role.USER), ordered[0])
    return title or first_words(_whole(asked.text))


def _first_time(ordered: list[Message], moment: datetime) -> datetime:
    times = (_between(FIRST, message.created_at, moment) for message in ordered)
    return min((time for time in times if time is not None), default=moment)


def _between(low: datetime, time: datetime | None, high: datetime) -> datetime | None:
    """None for what has no time, or an impossible one."""
    aware = _aware(time)
    return aware if aware is not None and low <= aware <= high else None


def _aware(time: datetime | None) -> datetime | None:
    return time if time is None or time.tzinfo is not None else time.replace(tzinfo=UTC)


def _whole(text: str) -> str:
    """U+FFFD for what no database holds."""
    return _UNFIT.sub("\ufffd", text)


def _code(code: str) -> str:
    return re.sub(r"[^a-z_]", "", code)[:CODE_CHARS] or "internal"


def _count(number: int) -> int:
    return min(max(number, 0), 2**31 - 1)


def _named(conversation: Conversation) -> list[object]:
    return [_whole(conversation.title), [(each.role, _whole(each.text)) for each in conversation.messages]]

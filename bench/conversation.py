"""A long conversation, written straight into the database: to ask a thousand times would take an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import make_url
from sqlmodel import Session, col, select

from server.db import engine_of
from server.protocol.codes import Role, Status
from server.tables import Conversation, Message, TitleSource, User, new_id

ANSWERS = (
    "Tides come from the **moon**, and a little from the sun. Twice a day the sea rises and falls.\n\n"
    "- high water when the moon stands over the meridian\n- low water six hours later\n- spring tide at full moon\n",
    "Here is how one would write it:\n\n```python\ndef primes(n: int) -> list[int]:\n    found = []\n"
    "    for k in range(2, n):\n        if all(k % p for p in found):\n            found.append(k)\n    return found\n"
    "```\n\n"
    "It is quick enough for small `n`, and for larger ones a sieve is better.\n",
    "## 潮汐\n\n潮汐主要由月球的引力引起，太阳的作用约为月球的一半。**注意：**各地的时间不同。\n\n"
    "| 时间 | 水位 |\n|---|---|\n| 06:00 | 高 |\n| 12:10 | 低 |\n| 18:25 | 高 |\n",
    "The sum is \\(\\frac{n(n+1)}{2}\\), which one sees by writing it twice, once from the front and once from the "
    "back. Each column then has the same sum.\n\nThat is all there is to it, and it holds for every natural number.\n",
)
"""Of the kinds that answers are made of, in turn."""


def write_conversation(database_url: str, username: str, messages: int) -> str:
    """A conversation of ``messages`` questions and answers; gives its id."""
    engine = engine_of(make_url(database_url))
    began = datetime.now(UTC) - timedelta(days=1)
    with Session(engine) as session:
        user = session.exec(select(User).where(col(User.username) == username)).one()
        conversation = Conversation(
            user_id=user.id, title=f"{messages} messages", title_source=TitleSource.PERSON, updated_at=began
        )
        session.add(conversation)
        session.flush()
        parent: str | None = None
        for number in range(messages):
            asks = number % 2 == 0
            message = Message(
                id=new_id(),
                conversation_id=conversation.id,
                parent_id=parent,
                role=Role.USER if asks else Role.ASSISTANT,
                text=f"Question {number // 2 + 1}: how is that?" if asks else ANSWERS[number // 2 % len(ANSWERS)],
                status=Status.COMPLETE,
                created_at=began + timedelta(seconds=number),
                finished_at=began + timedelta(seconds=number),
            )
            session.add(message)
            parent = message.id
        conversation.leaf_id = parent
        session.commit()
        identity = conversation.id
    engine.dispose()
    return identity

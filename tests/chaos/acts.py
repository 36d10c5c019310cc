"""What people do with their tabs, chosen by a seed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from time import monotonic

from server.protocol.objects import Message
from server.protocol.replies import ConversationSnapshot
from tests.chaos.ledger import Counted, Ledger, Question
from tests.chaos.line import LineLost
from tests.chaos.tab import Tab
from tests.fixtures.client import Frame, Refused
from tests.gateway.replay import USER

EXPECTED = ("busy", "conflict", "not_found")
"""Refusals that people who do not wait for each other must meet with."""
CONVERSATIONS = 12
QUESTIONS = 6
"""In one conversation, about: all of it must fit into one snapshot, for snapshots to be compared."""
PATIENCE = 12.0
"""Seconds after which somebody stops an answer that does not end."""
OPEN_AT_ONCE = 4
BROKEN_OFF = ("stopped", "interrupted", "failed")


class People:
    """Those at the tabs. ``busy`` is what they do; while ``acting`` is clear they only look."""

    def __init__(self, ledger: Ledger, seed: int, *, pause: float) -> None:
        self.acting = asyncio.Event()
        self.acting.set()
        self.tabs: dict[str, list[Tab]] = {}
        """By the person's name."""
        self._ledger = ledger
        self._seed = seed
        self._pause = pause
        self._ids = itertools.count(1)
        self._asked_in: dict[str, int] = {}
        self._since: dict[str, float] = {}
        self._acts: list[tuple[int, Callable[[Tab], Awaitable[None]]]] = [
            (10, self._ask_anew),
            (10, self._ask_on),
            (3, self._ask_twice),
            (2, self._ask_as_before),
            (3, self._stop),
            (4, self._regenerate),
            (3, self._edit),
            (4, self._go_on),
            (3, self._choose),
            (2, self._draft),
            (1, self._look_around),
            (2, self._name),
            (2, self._change),
            (1, self._delete),
            (2, self._read),
            (3, self._count),
            (6, self._look),
            (1, self._look_away),
            (3, self._look_again),
            (1, self._browse),
            (1, self._leave),
        ]

    async def act(self, tab: Tab) -> None:
        """One thing, or a while of looking on."""
        await asyncio.sleep(tab.random.expovariate(1 / self._pause))
        if not self.acting.is_set() or not tab.state:
            return
        (act,) = tab.random.choices([act for _, act in self._acts], [weight for weight, _ in self._acts])
        try:
            await act(tab)
        except Refused as refused:
            if refused.code not in EXPECTED:
                raise

    async def stop_what_hangs(self) -> None:
        """For ever: nobody looks at an answer that does not move."""
        while True:
            await asyncio.sleep(0.5)
            for tabs in self.tabs.values():
                tab = next((tab for tab in tabs if tab.here.is_set() and tab.state), None)
                for live in tab.state["live_turns"] if tab else ():
                    since = self._since.setdefault(live["turn"], monotonic())
                    if tab is not None and monotonic() - since > PATIENCE:
                        await self._try_to_stop(tab, live["turn"])

    async def _try_to_stop(self, tab: Tab, turn: str) -> None:
        self._ledger.stops.add(turn)
        try:
            await tab.ask("stop", turn=turn)
        except (Refused, LineLost):
            return

    async def _ask_anew(self, tab: Tab) -> None:
        if len(tab.state["conversations"]) < CONVERSATIONS:
            await tab.put(self._question(tab, None))
        else:
            await self._ask_on(tab)

    async def _ask_on(self, tab: Tab) -> None:
        if conversation := self._roomy(tab):
            await tab.put(self._question(tab, conversation))

    async def _ask_twice(self, tab: Tab) -> None:
        """Two tabs with the same `client_id`, at once."""
        others = [other for other in self.tabs[tab.device.name] if other is not tab and other.here.is_set()]
        conversation = self._roomy(tab)
        if others and conversation:
            question = self._question(tab, conversation)
            other = tab.random.choice(others)
            ends = await asyncio.gather(tab.put(question), other.put(question), return_exceptions=True)
            if isinstance(ends[0], BaseException):
                raise ends[0]

    async def _ask_as_before(self, tab: Tab) -> None:
        """What was answered long ago gives the same answer."""
        mine = [
            question
            for question in self._ledger.questions.values()
            if question.person == tab.device.name
            and question.reply is not None
            and question.reply.get("conversation") not in self._ledger.deletes
        ]
        if mine:
            await tab.put(tab.random.choice(mine))

    async def _stop(self, tab: Tab) -> None:
        if live := tab.state["live_turns"]:
            turn = tab.random.choice(live)["turn"]
            self._ledger.stops.add(turn)
            await tab.ask("stop", turn=turn)

    async def _regenerate(self, tab: Tab) -> None:
        answers = [message for message in self._messages(tab, "assistant") if self._has_room(message.conversation)]
        if answers:
            answer = tab.random.choice(answers)
            number = next(self._ids)
            fields: Frame = {"turn": answer.id, "client_id": f"again {self._seed}-{number}"}
            self._choose_model(tab, fields)
            self._count_question(answer.conversation)
            await tab.put(self._noted(Question(tab.device.name, "regenerate", fields, answer.conversation)))

    async def _edit(self, tab: Tab) -> None:
        asked = [message for message in self._messages(tab, "user") if self._has_room(message.conversation)]
        if asked:
            message, number = tab.random.choice(asked), next(self._ids)
            fields: Frame = {
                "message": message.id,
                "text": f"Question {number} of {tab.name}, otherwise 换个问法",
                "client_id": f"edit {self._seed}-{number}",
            }
            self._count_question(message.conversation)
            await tab.put(self._noted(Question(tab.device.name, "edit", fields, message.conversation)))

    async def _go_on(self, tab: Tab) -> None:
        """Also with what cannot be gone on with, as somebody does whose page is not up to date."""
        broken = [message for message in self._messages(tab, "assistant") if message.status in BROKEN_OFF]
        if broken:
            answer = tab.random.choice(broken)
            fields: Frame = {"turn": answer.id, "client_id": f"on {self._seed}-{next(self._ids)}"}
            await tab.put(self._noted(Question(tab.device.name, "continue", fields, answer.conversation)))

    async def _choose(self, tab: Tab) -> None:
        ids = [sibling for message in self._messages(tab) for sibling in message.siblings]
        if ids:
            await tab.ask("select", message=tab.random.choice(ids))

    async def _draft(self, tab: Tab) -> None:
        text = tab.random.choice(("", f"half a question {next(self._ids)} 半个"))
        await tab.ask("draft", conversation=tab.random.choice((None, self._some(tab))), text=text)

    async def _look_around(self, tab: Tab) -> None:
        if messages := self._messages(tab):
            message = tab.random.choice(messages)
            page = await tab.ask("history", conversation=message.conversation, around=message.id, limit=3)
            assert message.id in [row["id"] for row in page["messages"]]

    async def _name(self, tab: Tab) -> None:
        if conversation := self._some(tab):
            title = {} if tab.random.random() < 0.3 else {"title": f"标题 {next(self._ids)}"}
            await tab.ask("title", conversation=conversation, **title)

    async def _change(self, tab: Tab) -> None:
        if conversation := self._some(tab):
            changes = tab.random.choice(
                (
                    {"pinned": tab.random.random() < 0.5},
                    {"archived": tab.random.random() < 0.3},
                    {"params": {"temperature": 0.5}},
                    {"system_prompt": f"Be {next(self._ids)}."},
                )
            )
            await tab.ask("update", conversation=conversation, **changes)

    async def _delete(self, tab: Tab) -> None:
        if len(tab.state["conversations"]) < CONVERSATIONS // 2:
            return
        if conversation := self._some(tab):
            self._ledger.deletes.add(conversation)
            self._ledger.stops |= {
                live["turn"] for live in tab.state["live_turns"] if live["conversation"] == conversation
            }
            await tab.ask("delete", conversations=[conversation])
            self._ledger.deleted.add(conversation)

    async def _read(self, tab: Tab) -> None:
        if views := tab.shown():
            state = tab.random.choice(views).state
            if isinstance(state, ConversationSnapshot) and state.messages:
                await tab.ask("read", conversation=state.conversation.id, message=state.messages[-1].id)

    async def _count(self, tab: Tab) -> None:
        """A setting that only this tab changes, so that it is known what it may be."""
        key = f"tab.{tab.name.replace('-', '.')}"
        counter = self._ledger.counters.setdefault((tab.device.name, key), Counted())
        value = next(self._ids)
        counter.unanswered.add(value)
        await tab.ask("settings", key=key, value=value)
        counter.taken = value
        counter.unanswered.discard(value)

    async def _look(self, tab: Tab) -> None:
        conversation = self._some(tab)
        if conversation is None:
            return
        if len(tab.client.views) > OPEN_AT_ONCE:
            await self._look_away(tab)
        await tab.follow(conversation, resume=tab.random.random() < 0.5, format=self._format(tab))

    async def _look_away(self, tab: Tab) -> None:
        names = [name for name in tab.client.views if name != USER]
        if names:
            await tab.ask("close", conversation=tab.random.choice(names))

    async def _look_again(self, tab: Tab) -> None:
        """What is shown is opened once more, from its offset or from anew."""
        name = tab.random.choice(list(tab.client.views))
        await tab.follow(name, resume=tab.random.random() < 0.7, format=self._format(tab))

    async def _browse(self, tab: Tab) -> None:
        page = await tab.ask("list", limit=5)
        while page["next"] is not None:
            page = await tab.ask("list", limit=5, before=page["next"])

    async def _leave(self, tab: Tab) -> None:
        """The page is loaded anew, or its network is gone for a moment."""
        assert tab.line is not None
        tab.forgets = tab.random.random() < 0.3
        tab.line.abort()
        await tab.line.ended.wait()

    def _question(self, tab: Tab, conversation: str | None) -> Question:
        number = next(self._ids)
        if conversation is not None:
            self._count_question(conversation)
        text = f"Question {number} of {tab.name} 问题 🌊"
        fields: Frame = {
            "conversation": conversation,
            "text": text,
            "client_id": f"c {self._seed}-{number}",
            "format": self._format(tab),
        }
        self._choose_model(tab, fields)
        if conversation is not None and tab.random.random() < 0.2:
            view = tab.client.views.get(conversation)
            if view is not None and view.state is not None and view.state.messages:
                fields["parent"] = tab.random.choice([None, *(message.id for message in view.state.messages)])
        return self._noted(Question(tab.device.name, "send", fields, conversation))

    def _noted(self, question: Question) -> Question:
        return self._ledger.ask(question.fields["client_id"], question)

    def _choose_model(self, tab: Tab, fields: Frame) -> None:
        models = [model["id"] for model in tab.state["models"] if not model.get("demo")]
        if models and tab.random.random() < 0.5:
            fields["model"] = tab.random.choice(models)

    def _some(self, tab: Tab) -> str | None:
        rows = [row["id"] for row in tab.state["conversations"]]
        return tab.random.choice(rows) if rows else None

    def _roomy(self, tab: Tab) -> str | None:
        rows = [row["id"] for row in tab.state["conversations"] if self._has_room(row["id"])]
        return tab.random.choice(rows) if rows else None

    def _has_room(self, conversation: str) -> bool:
        return self._asked_in.get(conversation, 0) < QUESTIONS

    def _count_question(self, conversation: str) -> None:
        self._asked_in[conversation] = self._asked_in.get(conversation, 0) + 1

    @staticmethod
    def _messages(tab: Tab, *roles: str) -> list[Message]:
        """What is shown."""
        rows = [message for view in tab.shown() for message in view.state.messages]
        return [message for message in rows if not roles or message.role in roles]

    @staticmethod
    def _format(tab: Tab) -> str:
        return tab.random.choice(("text", "html"))

"""A tab: follows what it shows, comes back when its line is gone, and asks again what was not answered."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from server.protocol.codes import Part
from server.protocol.replies import ConversationSnapshot
from tests.chaos.device import Device
from tests.chaos.ledger import Ledger, Question, Wrong
from tests.chaos.line import Asked, Line, LineLost
from tests.fixtures.client import Frame, Refused
from tests.gateway import replay
from tests.gateway.replay import FINAL, USER, Client, View

GOING_AWAY = (1001, 1012)
EXPECTED_CODES = (*GOING_AWAY, 1000, 1005, 1006, 1011, 1013, 4401, 4408, None)
"""1011 is what uvicorn says when its pings are not answered."""
TRIES = (0.1, 0.3, 1.0, 2.0)
"""Seconds before another try, at most; the last one again and again."""
Acts = Callable[["Tab"], Awaitable[None]]


class Tab:
    def __init__(self, name: str, device: Device, ledger: Ledger, seed: int) -> None:
        self.name = name
        self.device = device
        self.ledger = ledger
        self.random = Random(f"tab {seed} {name}")
        self.client = Client()
        self.line: Line | None = None
        self.here = asyncio.Event()
        """Set while everything is followed again that was followed before."""
        self.waiting: list[Question] = []
        """Asked, and not answered yet."""
        self.forgets = False
        """Whether the next line begins with nothing, as a page that is loaded anew."""
        self._begun: set[str] = set()
        """Turns whose start this socket was told of."""
        self._to_follow: list[str] = []
        """Logs that were followed, and are not yet again."""
        self._failures = 0

    @property
    def state(self) -> Frame:
        """The user's snapshot, folded; empty before there is one."""
        view = self.client.views.get(USER)
        return view.state if view is not None and view.state is not None else {}

    def shown(self) -> list[View]:
        """Conversations of which this tab knows what is in them."""
        return [view for name, view in self.client.views.items() if name != USER and view.state is not None]

    async def run(self, url: str, acts: Acts) -> None:
        """Until it is cancelled."""
        try:
            while True:
                access = self.device.tokens.access
                try:
                    self.line = await Line.open(url, access, self._take)
                    self._failures = 0
                    await self._stay(self.line, acts)
                except LineLost as lost:
                    await self._heed(lost.code, access)
        finally:
            if self.line is not None:
                await self.line.drop()

    async def _stay(self, line: Line, acts: Acts) -> None:
        """Raises LineLost."""
        doing = [asyncio.create_task(self._come_back(line, acts)), asyncio.create_task(line.ended.wait())]
        try:
            await asyncio.wait(doing, return_when=asyncio.FIRST_COMPLETED)
            if doing[0].done() and not isinstance(doing[0].exception(), LineLost | None):
                doing[0].result()
        finally:
            self.here.clear()
            for task in doing:
                task.cancel()
            await asyncio.gather(*doing, return_exceptions=True)
            await line.drop()
        if line.broken is not None:
            *_, where = traceback.extract_tb(line.broken.__traceback__)
            what = f"{self.name}: {line.broken!r} in “{where.line}”"
            self.ledger.wrong(Wrong.TORN, f"{what[:600]} | last came {[_short(frame) for frame in line.last][-4:]}")
            self.client = Client()
        if self.forgets:
            self.client, self._to_follow, self.forgets = Client(), [], False
        self._to_follow = [*dict.fromkeys([*self._to_follow, *self.client.views, *self.client.lost])]
        raise line.loss

    async def _come_back(self, line: Line, acts: Acts) -> None:
        if USER not in self._to_follow:
            self._to_follow.append(USER)
        self._to_follow.sort(key=lambda name: name != USER)
        while self._to_follow:
            await self.follow(self._to_follow[0], resume=True)
            self._to_follow.pop(0)
        for question in list(self.waiting):
            await self.put(question)
        self.here.set()
        while True:
            for name in list(self.client.lost):
                await self.follow(name, resume=False)
            await acts(self)

    async def _heed(self, code: int | None, access: str) -> None:
        """The contract's table of close codes."""
        self.ledger.counts["lines lost"] += 1
        if code not in EXPECTED_CODES:
            self.ledger.wrong(Wrong.REFUSED, f"{self.name}: closed with {code}")
        if code == 4401:
            await self.device.renew(access)
        elif code in GOING_AWAY:
            await asyncio.sleep(self.random.uniform(0, 2))
        else:
            await asyncio.sleep(self.random.uniform(0, TRIES[min(self._failures, len(TRIES) - 1)]))
            self._failures += 1

    async def ask(self, command: str, *, note: Any = None, **fields: Any) -> Frame:
        """Raises Refused and LineLost. What the server cannot do at the moment is asked again."""
        assert self.line is not None
        while True:
            try:
                return await self.line.ask(command, note=note, **fields)
            except Refused as refused:
                if refused.code != "unavailable":
                    raise
                self.ledger.counts["unavailable"] += 1
                await asyncio.sleep(self.random.uniform(0.2, 1))

    async def follow(self, name: str, *, resume: bool, format: str = "text") -> None:
        """The format is this one where the log is followed from anew."""
        while True:
            way = self.client.way_to(name, format, resume=resume)
            assert self.line is not None
            try:
                await self.line.ask(way.command, note=way.held, **way.fields)
            except Refused as refused:
                if refused.code == "not_found" and name != USER:
                    self.client.forget(name)
                    self.client.lost.discard(name)
                    return
                if refused.code != "unavailable":
                    raise
                await asyncio.sleep(self.random.uniform(0.2, 1))
            else:
                return

    async def put(self, question: Question) -> None:
        """Asks, again if need be, until it is answered. Raises LineLost, and then it is asked on the next line."""
        if question not in self.waiting:
            self.waiting.append(question)
        question.attempts += 1
        known = question.reply is not None
        try:
            reply = await self.ask(question.command, note=question, **question.fields)
        except LineLost:
            question.unanswered += 1
            raise
        except asyncio.CancelledError:
            question.unanswered += 1
            raise
        except Refused as refused:
            question.refused = refused.code
            if refused.code not in ("busy", "not_found", "conflict"):
                self.ledger.wrong(Wrong.REFUSED, f"{self.name}: {question.fields} got {refused}")
            elif known:
                self.ledger.wrong(
                    Wrong.DOUBLED, f"{self.name}: {question.fields} was answered, and then {refused.code}"
                )
        else:
            self.ledger.answered(question, reply)
        self.waiting.remove(question)

    def _take(self, frame: Frame, asked: Asked | None) -> None:
        """Raises AssertionError where a frame contradicts what was known."""
        kind = frame["type"]
        if kind == "hello":
            self.client.arrive()
            self._begun.clear()
        told = {}
        if asked is not None:
            held = asked.note if isinstance(asked.note, View) else None
            told[frame["id"]] = replay.Asked(asked.type, asked.fields, held)
        if kind == "reply" and asked is not None:
            self._check_order(frame["data"], asked)
        if kind not in ("hello", "reply", "error", "reset"):
            self._note_entry(frame)
        self.client.take(frame, told)
        if kind == "turn.delta":
            self._note_texts(self.client.views[frame["conversation"]])
        elif kind == "reply" and asked is not None and asked.type == "open":
            self._note_texts(self.client.views[asked.fields["conversation"]])
            for message in frame["data"].get("snapshot", {}).get("messages", ()):
                if message["role"] == "assistant" and message["status"] in FINAL:
                    self.ledger.saw_end(message)

    def _check_order(self, data: Frame, asked: Asked) -> None:
        """A reply comes before the events that its command causes: those of the first time that it was asked."""
        question = asked.note
        if isinstance(question, Question) and question.attempts == 1 and asked.type != "continue":
            assert data["turn"] not in self._begun, f"{asked.type} was answered after its own events"

    def _note_entry(self, event: Frame) -> None:
        name = event["conversation"] if replay.is_of_conversation(event) else USER
        view = self.client.views.get(str(name))
        if view is not None:
            log = self.device.name if name == USER else str(name)
            self.ledger.saw_event(log, view.epoch, event)
        if event["type"] == "turn.started":
            self._begun.add(event["message"]["id"])

    def _note_texts(self, view: View) -> None:
        state = view.state
        if not isinstance(state, ConversationSnapshot) or view.format != "text":
            return
        for live in state.live:
            for part, text in ((Part.ANSWER, live.text), (Part.REASONING, live.reasoning)):
                if text:
                    self.ledger.saw_text(live.turn, part.value, text)


def _short(frame: Frame) -> str:
    return str(frame)[:300]

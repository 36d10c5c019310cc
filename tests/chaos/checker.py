"""Compares what was promised and seen with what is stored, and what each tab shows with what a fresh one would."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, time

from server.gateway.html import id_prefix
from server.markdown import render_blocks
from server.protocol.codes import Part as WirePart
from server.protocol.codes import Role, Status
from server.tables import Message
from tests.chaos.answers import Part, Said, said, thought
from tests.chaos.device import Device
from tests.chaos.house import House
from tests.chaos.ledger import Ledger, Trouble, Wrong
from tests.chaos.line import Line, LineLost
from tests.chaos.stored import Stored
from tests.chaos.tab import Tab
from tests.fixtures.client import Frame, Refused
from tests.gateway.replay import FINAL, USER, compare

CHECKPOINT = 0.5
"""Seconds of text that may be lost when a worker and its log die together."""
SLACK = 2.0
"""Seconds that a checkpoint may be late on a loaded machine. The table has the figure."""
TRIES = 60
MARGIN = 3.0
"""Seconds between what the database's clock says and what was seen from here."""


@dataclass(frozen=True)
class Turn:
    """An answer as it is stored, and what there was to say."""

    row: Message
    key: tuple[str, str]
    whole: Said
    began: float
    ended: float

    def part(self, part: Part) -> tuple[str, str]:
        """Stored and whole."""
        if part == "answer":
            return self.row.text, self.whole.text
        return self.row.reasoning or "", self.whole.reasoning

    def thought(self, text: str) -> bool:
        """Whether this can be its reasoning: each run thinks anew."""
        return thought(text, self.whole.reasoning) if self.row.run > 1 else self.whole.reasoning.startswith(text)


class Checker:
    def __init__(self, house: House, ledger: Ledger) -> None:
        self._house = house
        self._ledger = ledger
        self._clock = time() - monotonic()

    def check_stored(self, stored: Stored) -> None:
        """At rest: nothing is being written, and everything that was asked is settled."""
        turns = self._turns(stored)
        self._check_questions(stored)
        for turn in turns:
            self._check_turn(turn)
            self._check_seen(turn, "reasoning")
            self._check_seen(turn, "answer")
        self._check_calls(turns)
        for conversation in self._ledger.deleted & stored.conversations.keys():
            self._ledger.wrong(Wrong.LOST, f"conversation {conversation} was deleted, and is there")
        for place, counted in self._ledger.counters.items():
            if (value := stored.settings.get(place)) not in {counted.taken, *counted.unanswered}:
                self._ledger.wrong(Wrong.LOST, f"the setting {place} is {value} and not {counted}")

    def _check_questions(self, stored: Stored) -> None:
        texts = Counter(message.text for message in stored.messages.values() if message.role is Role.USER)
        for question in self._ledger.questions.values():
            reply = question.reply
            if reply is not None and reply.get("conversation", question.conversation) in self._ledger.deletes:
                continue
            if reply is not None and reply["turn"] not in stored.messages:
                self._ledger.wrong(Wrong.LOST, f"{question.fields} was acknowledged as {reply}, and is not there")
            if "text" not in question.fields:
                continue
            count = texts[question.fields["text"]]
            if count > 1:
                self._ledger.wrong(Wrong.DOUBLED, f"{question.fields} is stored {count} times")
            if reply is None:
                if count and not question.unanswered and question.settled:
                    self._ledger.wrong(Wrong.DOUBLED, f"{question.fields} was refused, and is stored")
                continue
            row = stored.messages.get(reply["message"])
            home = reply.get("conversation", question.conversation)
            if row is None or row.text != question.fields["text"] or row.conversation_id != home:
                self._ledger.wrong(Wrong.LOST, f"{question.fields} was acknowledged as {reply}, and stored is {row}")

    def _turns(self, stored: Stored) -> list[Turn]:
        turns = []
        for row in stored.messages.values():
            if row.role is not Role.ASSISTANT:
                continue
            question = stored.messages.get(row.parent_id or "")
            if question is None or row.finished_at is None:
                self._ledger.wrong(Wrong.LOST, f"turn {row.id} has no question or no end: {row}")
                continue
            key = (question.text, (row.model or "").rpartition("/")[2])
            turns.append(Turn(row, key, said(*key), self._moment(row.created_at), self._moment(row.finished_at)))
        return turns

    def _check_turn(self, turn: Turn) -> None:
        row, whole, ledger = turn.row, turn.whole, self._ledger
        name = f"turn {row.id} ({row.status.value}, {row.error_code})"
        if len(ends := ledger.ends.get(row.id, ())) > row.run:
            ledger.wrong(Wrong.DOUBLED, f"{name} ended {len(ends)} times in {row.run} runs")
        if not whole.text.startswith(row.text) or not turn.thought(row.reasoning or ""):
            ledger.wrong(Wrong.TORN, f"{name} is not the beginning of what was said")
        if row.status in (Status.COMPLETE, Status.TRUNCATED):
            if row.text != whole.text or (row.run == 1 and (row.reasoning or "") != whole.reasoning):
                ledger.wrong(Wrong.TORN, f"{name} is not all that was said: {len(row.text)} of {len(whole.text)}")
            if row.run == 1 and (row.status is Status.TRUNCATED) != (whole.reason == "length"):
                ledger.wrong(Wrong.TORN, f"{name} ended by itself with “{whole.reason}”")
            return
        if row.status is Status.STOPPED and row.id not in ledger.stops:
            if row.conversation_id not in ledger.deletes:
                ledger.wrong(Wrong.REFUSED, f"{name}: nobody stopped it")
        elif row.status is Status.FAILED:
            if not self._house.models.broken[turn.key] and not self._troubles(turn, "database"):
                ledger.wrong(Wrong.REFUSED, f"{name}: its endpoint was well. {row.error_message}")
        elif row.status is Status.INTERRUPTED and not self._may_be_interrupted(turn):
            ledger.wrong(Wrong.REFUSED, f"{name}: its worker lived")
        elif row.status not in FINAL:
            ledger.wrong(Wrong.LATE, f"{name} has not ended")

    def _may_be_interrupted(self, turn: Turn) -> bool:
        """Its worker died, or was taken for dead, or was ended while the endpoint hung or the database was away."""
        if self._troubles(turn, "kill", "taken for dead"):
            return True
        hung = self._house.models.broken[turn.key] > 0 or bool(self._troubles(turn, "database"))
        return hung and bool(self._troubles(turn, "end"))

    def _check_seen(self, turn: Turn, part: Part) -> None:
        """What somebody saw of an answer is stored, but for the last moments of a worker whose log died with it."""
        seen = self._ledger.seen.get((turn.row.id, part))
        if seen is None:
            return
        stored, whole = turn.part(part)
        if not (whole.startswith(seen.text) if part == "answer" else turn.thought(seen.text)):
            self._ledger.wrong(Wrong.TORN, f"of turn {turn.row.id} {part} was seen that nobody said: {seen.text[-80:]}")
        if len(seen.text) <= len(stored):
            return
        since = seen.first_beyond(len(stored))
        deaths = self._house.deaths_of_log(self._ledger.troubles)
        # Words that were on their way when the worker died are seen after its death.
        after = (death.ended - since for death in deaths if death.ended >= since - SLACK)
        lost = min((max(seconds, 0.0) for seconds in after), default=None)
        what = f"turn {turn.row.id} ({turn.row.status.value}) has {len(stored)} of {len(seen.text)} characters seen"
        if lost is None or (turn.row.status is not Status.INTERRUPTED and turn.row.run == 1):
            self._ledger.wrong(Wrong.LOST, f"{what}, and its log lived")
            return
        if self._ledger.troubles_between(since - MARGIN, since + lost, "database"):
            return
        self._ledger.measure("text lost with a worker and its log", lost)
        if lost > CHECKPOINT + SLACK:
            self._ledger.wrong(Wrong.LOST, f"{what}, {lost:.1f} s of it")

    def _check_calls(self, turns: list[Turn]) -> None:
        """No request twice to the endpoint; none that was answered without one."""
        for strange in self._house.models.strange:
            self._ledger.wrong(Wrong.TORN, strange)
        self._house.models.strange.clear()
        stored: Counter[tuple[str, str]] = Counter()
        for turn in turns:
            stored[turn.key] += turn.row.run
        spoken = Counter(turn.key for turn in turns if turn.row.text or turn.row.reasoning)
        for key, count in stored.items():
            asked = self._house.models.asked[key]
            if asked > count:
                self._ledger.wrong(Wrong.DOUBLED, f"{key} was asked {asked} times for {count} runs")
            if asked < spoken[key]:
                self._ledger.wrong(Wrong.TORN, f"{key} was asked {asked} times, and answered {spoken[key]} times")

    def _troubles(self, turn: Turn, *kinds: str) -> list[Trouble]:
        return self._ledger.troubles_between(turn.began - MARGIN, turn.ended + MARGIN, *kinds)

    def _moment(self, at: datetime) -> float:
        return at.timestamp() - self._clock

    async def check_tabs(self, tabs: list[Tab], url: str) -> None:
        """Each shows what a fresh page would, of all that it follows."""
        devices = {tab.device for tab in tabs}
        for device in devices:
            line = await _open(url, device)
            try:
                for tab in (tab for tab in tabs if tab.device is device):
                    for name in list(tab.client.views):
                        await self._check_view(tab, name, line)
                await self._check_pages(line, device)
            finally:
                await line.drop()

    async def _check_view(self, tab: Tab, name: str, line: Line) -> None:
        """The two are compared at one offset: until both stand there, they are asked again."""
        for _ in range(TRIES):
            view = tab.client.views.get(name)
            if view is None:
                return
            try:
                fresh = await _follow(line, name, str(view.format))
            except Refused:
                await asyncio.sleep(0.2)
                continue
            if view is tab.client.views.get(name) and (view.epoch, view.offset) == (fresh["epoch"], fresh["offset"]):
                self._ledger.counts["views compared"] += 1
                if view.state is not None:
                    try:
                        compare(view, fresh["snapshot"])
                    except AssertionError as error:
                        words = " ".join(str(error).split())[:3000]
                        self._ledger.wrong(Wrong.TORN, f"{tab.name} shows another {name} than is there: {words}")
                return
            await asyncio.sleep(0.2)
        view = tab.client.views.get(name)
        place = None if view is None else (view.epoch, view.offset)
        self._ledger.wrong(Wrong.LATE, f"{tab.name} stands at {place} of {name}, and it goes to {fresh['offset']}")

    async def _check_pages(self, line: Line, device: Device) -> None:
        """Both formats, and the history, give the same messages, and the HTML is that of their text."""
        synced = await _follow(line, USER, "")
        for row in synced["snapshot"]["conversations"]:
            given = [await _follow(line, row["id"], format) for format in ("text", "html")]
            texts, html = (one["snapshot"]["messages"] for one in given)
            if texts != html:
                self._ledger.wrong(Wrong.TORN, f"{device.name}: {row['id']} differs between formats")
            for message in texts:
                self._check_html(message)
                if message["role"] == "assistant":
                    self._ledger.saw_end(message)
            if texts:
                told = await line.ask("history", conversation=row["id"], before=texts[-1]["id"], limit=100)
                await self._check_search(texts[0], line, device)
                if told["messages"] != texts[:-1]:
                    self._ledger.wrong(Wrong.TORN, f"{device.name}: history of {row['id']} is not its snapshot")

    async def _check_search(self, question: Frame, line: Line, device: Device) -> None:
        """Each question has words of its own, by which it is found."""
        hits = (await line.ask("search", query=question["text"], limit=100))["hits"]
        if question["id"] not in [hit.get("message") for hit in hits]:
            self._ledger.wrong(Wrong.LOST, f"{device.name}: no search finds {question['text']}")

    def _check_html(self, message: Frame) -> None:
        for part, text, html in (
            (WirePart.ANSWER, "text", "html"),
            (WirePart.REASONING, "reasoning", "reasoning_html"),
        ):
            source = message.get(text) or ""
            if "".join(render_blocks(source, id_prefix(message["id"], part))) != (message.get(html) or ""):
                self._ledger.wrong(Wrong.TORN, f"message {message['id']}: its {html} is not that of its {text}")


async def _open(url: str, device: Device) -> Line:
    while True:
        access = device.tokens.access
        try:
            return await Line.open(url, access, _ignore)
        except LineLost as lost:
            if lost.code == 4401:
                await device.renew(access)
            else:
                await asyncio.sleep(0.3)


async def _follow(line: Line, name: str, format: str) -> Frame:
    if name == USER:
        return await line.ask("sync")
    return await line.ask("open", conversation=name, format=format)


def _ignore(*_: object) -> None:
    pass

"""A model that needs no network and knows only what it was given to say, for a first look and for trying things out."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

import anyio

from server.errors import UpstreamError
from server.llm.base import Delta, Finish, ModelInfo, ModelMessage, ModelRequest
from server.llm.demo_texts import CHINESE, ENGLISH, Texts
from server.transcript.context import estimate_tokens

INFO = ModelInfo("demo/parley", "Parley demo", "Parley", context_tokens=None, demo=True)

FIRST_SECONDS, RATE = 0.3, 40.0
"""Until the first piece, and pieces per second after it: about as fast as people read along."""
LONG_RATE = 30.0
SLOW_FIRST_SECONDS, SLOW_RATE = 5.0, 3.0
LONG_SECTIONS = 32
QUOTED_CHARS = 120

_COMMAND = re.compile(r"(?<![\w/])/(?:(long|slow|fail|think|draw)\b|(长|慢|失败|思考|画图))", re.IGNORECASE)
_COMMANDS = {"长": "long", "慢": "slow", "失败": "fail", "思考": "think", "画图": "draw"}
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PIECE = re.compile("\\s*(?:[\u3040-\u30ff\u3400-\u9fff]{1,2}|[^\\s\u3040-\u30ff\u3400-\u9fff]{1,12})|\\s+")
_MARKS = re.compile(r"([\\`*_\[\]<>|$#~])")
_SENTENCE_END = re.compile(r"[.!?。！？\n]")


@dataclass(frozen=True, slots=True)
class Performance:
    """What is said, and how fast: seconds until the first piece, pieces per second after it."""

    thoughts: Sequence[str]
    pieces: Sequence[str]
    first_seconds: float = FIRST_SECONDS
    rate: float = RATE
    failure: str | None = None


class DemoModel:
    """Says the same to the same question. ``pace`` stretches every wait; 0 takes them all away."""

    def __init__(self, pace: float = 1.0) -> None:
        self.info = INFO
        self._pace = pace

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta | Finish]:
        performance = PERFORMANCES[request.purpose](request.messages)
        thoughts, pieces = performance.thoughts, performance.pieces[: request.max_tokens]
        await anyio.sleep(performance.first_seconds * self._pace)
        for number, piece in enumerate([*thoughts, *pieces]):
            if number:
                await anyio.sleep(self._pace / performance.rate)
            yield Delta("reasoning" if number < len(thoughts) else "answer", piece)
        if performance.failure is not None:
            raise UpstreamError("unavailable", performance.failure)
        prompt_tokens = sum(estimate_tokens(message.text) for message in request.messages)
        whole = len(pieces) == len(performance.pieces)
        yield Finish("stop" if whole else "length", prompt_tokens, len(thoughts) + len(pieces))


def perform(messages: Sequence[ModelMessage], *, may_fail: bool = True) -> Performance:
    """The answer to the newest question, as the commands in it ask for."""
    asked = next((message.text for message in reversed(messages) if message.role == "user"), "")
    commands = {_COMMANDS.get(word, word) for match in _COMMAND.finditer(asked) for word in [match[0][1:].lower()]}
    texts = _texts(asked)
    question = _quoted(asked) or texts.no_question
    thoughts = _pieces(texts.thoughts) if "think" in commands else []
    if "slow" in commands:
        first_seconds, rate, text = SLOW_FIRST_SECONDS, SLOW_RATE, texts.slow.replace("{question}", question)
    elif "long" in commands:
        first_seconds, rate, text = FIRST_SECONDS, LONG_RATE, _long(texts, question)
    elif "draw" in commands:
        first_seconds, rate, text = FIRST_SECONDS, RATE, texts.drawing.replace("{question}", question)
    else:
        first_seconds, rate, text = (
            FIRST_SECONDS,
            RATE,
            texts.answer.replace("{intro}", texts.intro).replace("{question}", question),
        )
    pieces = _pieces(text)
    if "fail" in commands and may_fail:
        return Performance(thoughts, pieces[: len(pieces) // 2], first_seconds, rate, texts.failure)
    return Performance(thoughts, pieces, first_seconds, rate)


def go_on(messages: Sequence[ModelMessage]) -> Performance:
    """What is still to be said. An answer that failed does not fail again."""
    *before, said = messages
    whole = perform(before, may_fail=False)
    text = "".join(whole.pieces)
    rest = text[len(said.text) :] if text.startswith(said.text) else text
    return Performance((), _pieces(rest), whole.first_seconds, whole.rate)


def title(messages: Sequence[ModelMessage]) -> Performance:
    """The first question's first words."""
    asked = next((message.text for message in messages if message.role == "user"), "")
    texts = _texts(asked)
    first = _SENTENCE_END.split(_COMMAND.sub("", asked).strip(), maxsplit=1)[0].strip()
    words = first[:16] if texts is CHINESE else " ".join(first.split()[:6])[:48]
    return Performance([], _pieces(words.strip() or texts.no_title))


PERFORMANCES: dict[str, Callable[[Sequence[ModelMessage]], Performance]] = {
    "answer": perform,
    "continuation": go_on,
    "title": title,
}
"""By the purpose of a request."""


def _long(texts: Texts, question: str) -> str:
    sections = [texts.long_paragraphs[number % len(texts.long_paragraphs)] for number in range(LONG_SECTIONS)]
    parts = [f"### {number}. {heading}\n\n{text}" for number, (heading, text) in enumerate(sections, 1)]
    return "\n\n".join([f"## {texts.long_title}", f"> {question}", *parts]) + "\n"


def _texts(asked: str) -> Texts:
    return CHINESE if _CJK.search(asked) else ENGLISH


def _quoted(asked: str) -> str:
    """The question on one line, not too long, its Markdown made harmless: it stands in the middle of an answer."""
    line = " ".join(_COMMAND.sub("", asked).split())
    return _MARKS.sub(r"\\\1", line if len(line) <= QUOTED_CHARS else line[:QUOTED_CHARS].rstrip() + "…")


def _pieces(text: str) -> list[str]:
    """As a tokenizer might cut it: words with the space before them, Chinese by one or two characters."""
    return _PIECE.findall(text)

"""What a model gets to read: the system prompt, and as many of the newest turns as fit its window."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

MESSAGE_TOKENS = 8
"""What a chat template puts around one message: role, separators, end mark. Between 3 and 7 in the usual ones."""

_CJK = re.compile("[\u2018-\u201d\u2026\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+")
_LETTERS = (string.ascii_letters + " ").encode()


@dataclass(frozen=True, slots=True)
class ModelMessage:
    role: Literal["system", "user", "assistant"]
    text: str


def estimate_tokens(text: str) -> int:
    """About how many tokens a tokenizer makes of ``text``; rather too many than too few.

    Weights per kind of character, against OpenAI's cl100k_base and o200k_base (tiktoken 0.14), the higher of the two
    first: English prose has 0.20 tokens per character, Markdown 0.25, Python 0.21, indented JSON 0.44, hexadecimal
    digits 0.56; Chinese 0.98 and 0.69, Japanese 0.97 and 0.64, Korean 0.97 and 0.61, Hindi 1.04 and 0.34, Russian 0.46
    and 0.25, emoji 2.56 and 1.44. The estimate was 3 to 50 % above the higher figure, and more for Russian and Arabic;
    5 % below it for emoji and hexadecimal digits; half of it for long runs of random letters such as base64.
    """
    ascii_text = text.encode("ascii", "ignore")
    marks = len(ascii_text.translate(None, _LETTERS))
    letters = len(ascii_text) - marks
    cjk = sum(map(len, _CJK.findall(text)))
    astral = len(text.encode("utf-16-le", "surrogatepass")) // 2 - len(text)
    rest = len(text) - len(ascii_text) - cjk - astral
    return math.ceil(0.25 * letters + 0.7 * marks + 1.05 * cjk + 1.3 * rest + 3 * astral)


def fit(messages: Sequence[ModelMessage], *, system_prompt: str, window: int, reserve: int) -> list[ModelMessage]:
    """The newest turns of ``messages`` that fit ``window`` tokens with ``reserve`` of them left for the answer.

    A turn is a question with what was answered; turns go whole, the oldest first, so that the rest never begins with
    an answer to nothing. The newest turn and the system prompt stay even if they do not fit: then the endpoint's own
    error tells the user more than a silent cut would. An assistant message without text says nothing and is left out.
    """
    head = [ModelMessage("system", system_prompt)] if system_prompt.strip() else []
    budget = window - reserve - _cost(head)
    kept: list[list[ModelMessage]] = []
    for turn in reversed(_turns(messages)):
        budget -= _cost(turn)
        if kept and budget < 0:
            break
        kept.append(turn)
    return head + [message for turn in reversed(kept) for message in turn]


def _cost(messages: Iterable[ModelMessage]) -> int:
    return sum(estimate_tokens(message.text) + MESSAGE_TOKENS for message in messages)


def _turns(messages: Iterable[ModelMessage]) -> list[list[ModelMessage]]:
    """A user message begins a turn; system messages belong to the turn they stand in, or open the first."""
    turns: list[list[ModelMessage]] = []
    for message in messages:
        if message.role == "assistant":
            if turns and message.text.strip():
                turns[-1].append(message)
        elif turns and (message.role == "system" or all(earlier.role == "system" for earlier in turns[-1])):
            turns[-1].append(message)
        else:
            turns.append([message])
    return turns

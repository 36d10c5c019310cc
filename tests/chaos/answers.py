"""What a model has to say to a question. It follows from the question and the model's name alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random
from typing import Literal

Part = Literal["answer", "reasoning"]

MODELS = ("small", "large")
PIECES = (
    "# Tides\n\n",
    "The **moon** pulls, ",
    "**注意：**后面还有。",
    "潮汐与月亮 🌊🏝️👩‍🚀 ",
    "\n\n```python\nprint('𝒳')\n```\n\n",
    "\n\n- one\n- two\n  - three\n\n",
    "\n\n| 甲 | b |\n|---|---|\n| 1 | 2 |\n\n",
    "[moon][1] ",
    "\n\n[1]: https://example.org\n\n",
    "$x^2$ and $$\\sum_i x_i$$\n\n",
    "<script>alert(1)</script> ",
    "\n\n> quoted\n\n",
    "~~gone~~ `code` ",
    "a longer stretch of words that says nothing much. ",
    "再说一遍，月亮引起潮汐。",
    " \n",
)


@dataclass(frozen=True)
class Said:
    """``pieces`` as the endpoint sends them; no piece ends within a character."""

    pieces: tuple[tuple[Part, str], ...]
    reason: Literal["stop", "length"]

    @cached_property
    def text(self) -> str:
        return "".join(piece for part, piece in self.pieces if part == "answer")

    @cached_property
    def reasoning(self) -> str:
        return "".join(piece for part, piece in self.pieces if part == "reasoning")


@lru_cache(maxsize=4096)
def said(question: str, model: str) -> Said:
    """From a few words to some thousand characters; one in three thinks first."""
    random = Random(f"{question}\0{model}")
    thoughts = _written(random, random.randrange(5, 40)) if random.random() < 0.3 else ""
    answer = _written(random, random.choice((3, 20, 60, 150)))
    pieces: list[tuple[Part, str]] = [("reasoning", piece) for piece in _tokens(random, thoughts)]
    pieces += [("answer", piece) for piece in _tokens(random, f"To “{question}”: {answer}.")]
    return Said(tuple(pieces), "length" if random.random() < 0.1 else "stop")


def rest(question: str, model: str, so_far: str) -> Said | None:
    """What is still to be said after ``so_far``; None where that is not the beginning of it."""
    whole = said(question, model)
    if not whole.text.startswith(so_far):
        return None
    tokens = _tokens(Random(f"{question}\0{len(so_far)}"), whole.text[len(so_far) :])
    return Said(tuple(("answer", piece) for piece in tokens), whole.reason)


def thought(text: str, whole: str) -> bool:
    """Whether ``text`` is the beginning of ``whole``, or several, of runs one after the other."""
    begins, at = {0}, 0
    while begins:
        at = min(begins)
        begins.remove(at)
        length = next((n for n in range(min(len(text) - at, len(whole))) if text[at + n] != whole[n]), None)
        end = min(len(text), at + len(whole)) if length is None else at + length
        if end == len(text):
            return True
        begins |= {stop + 2 for stop in range(at + 1, end + 1) if text.startswith("\n\n", stop)}
    return False


def _written(random: Random, count: int) -> str:
    return "".join(random.choices(PIECES, k=count))


def _tokens(random: Random, text: str) -> list[str]:
    """Cut where a model would: after one to a dozen characters."""
    pieces, start = [], 0
    while start < len(text):
        end = start + random.randrange(1, 13)
        pieces.append(text[start:end])
        start = end
    return pieces

"""Bold and italic beside Chinese, Japanese and Korean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mistune import InlineParser

MAX_RUNS = 1_000
"""Runs of asterisks or underscores in one paragraph, cell or heading. With more, they are all text: the time to match
them grows with the square of their number."""

_ANY_RUN = re.compile(r"\*+|_+")
_RUN = re.compile(r"\*+")
_CJK = re.compile(
    r"[\u1100-\u11ff\u2e80-\u303f\u3040-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    r"\U00016fe0-\U00018dff\U0001aff0-\U0001b2ff\U0001f200-\U0001f2ff\U00020000-\U0003ffff]"
)

_JOINT = {"type": "joint"}
"""A token without text. To the flanking rule, every token that is not text is a punctuation character."""

_BREAKS = ("softbreak", "linebreak")
_OBJECT = "\ufffc"


class Inline(InlineParser):
    """Inline grammar in which ``**注意：**后面`` is bold.

    CommonMark lets ``**`` close after punctuation only if white space or punctuation follows (and open before
    punctuation only if one of them precedes): a rule for languages that put spaces between words. Here a CJK character
    on either side will do as well. This is reached by a joint, which stands for the missing punctuation, between the
    asterisks and the letter; text without CJK gets none and is read as CommonMark says.
    """

    def finalize_tokens(self, tokens: list[dict[str, Any]], depth: int) -> list[dict[str, Any]]:
        texts = [token["raw"] for token in tokens if token["type"] == "text"]
        if sum(len(_ANY_RUN.findall(text)) for text in texts) > MAX_RUNS:
            tokens = [{**token, "_emphasis": False} if token["type"] == "text" else token for token in tokens]
        elif any("*" in text for text in texts):
            tokens = list(_with_joints(tokens))
        return super().finalize_tokens(tokens, depth)


def _with_joints(tokens: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    source = "".join(_as_text(token) for token in tokens)
    if not _CJK.search(source):
        yield from tokens
        return
    offset = 0
    for token in tokens:
        text = _as_text(token)
        if token["type"] == "text" and token.get("_emphasis", True):
            done = 0
            for run in _RUN.finditer(text):
                at = _joint(source, offset + run.start(), offset + run.end())
                if at is not None:
                    yield {"type": "text", "raw": text[done : at - offset]}
                    yield _JOINT
                    done = at - offset
            yield {"type": "text", "raw": text[done:]}
        else:
            yield token
        offset += len(text)


def _joint(source: str, start: int, end: int) -> int | None:
    """Where the asterisks ``source[start:end]`` need a joint: between them and a letter on one side, or not at all."""
    before, after = source[start - 1 : start], source[end : end + 1]
    if not (_CJK.match(before) or _CJK.match(after)):
        return None
    if before.isalnum() and _is_punctuation(after):
        return start
    return end if _is_punctuation(before) and after.isalnum() else None


def _as_text(token: dict[str, Any]) -> str:
    if token["type"] == "text":
        return str(token["raw"])
    return "\n" if token["type"] in _BREAKS else _OBJECT


def _is_punctuation(char: str) -> bool:
    return char != "" and not char.isalnum() and not char.isspace()

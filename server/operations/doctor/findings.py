"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    GOOD = "good"
    DOUBTFUL = "doubtful"
    """It works, but somebody should know."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    words: str
    """One sentence, or several."""
    remedy: str = ""
    """What to do, in a sentence."""


def good(words: str) -> Finding:
    return Finding(Level.GOOD, words)


def doubtful(words: str, remedy: str = "") -> Finding:
    return Finding(Level.DOUBTFUL, words, remedy)


def wrong(words: str, remedy: str = "") -> Finding:
    return Finding(Level.WRONG, words, remedy)

"""What can be found: a text → its terms, and each term → one word that every index of words takes as it is.

Words of scripts that write spaces are terms as they stand. Chinese, Japanese, Korean, Thai and others write none, or
glue particles on: there each character is a term, and each pair of neighbours, so that 量子 and 子 are found in
量子力学. An emoji is a term of its own. A name in a program is also found by its humps, such as user in getUserName,
and a word with a number in it by either.

Capitals, accents, and full or half width make no difference, nor do Arabic and Hebrew vowel signs. Simplified and
traditional characters do, and so do hiragana and katakana.

The tokenizers of SQLite and of MySQL disagree about nearly everything else than ASCII letters and digits, so a term is
written in these. A change here needs a migration that fills the index anew.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import islice

MOST_TERMS = 30_000
"""Of one text: some 70,000 characters of Chinese, or a million of English. What comes after them is not found."""
LONGEST = 76
"""Characters of a written term. MySQL leaves out what is longer than 84, and `index` puts 8 before it."""
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u109f"  # Tibetan, Burmese
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff"  # Korean
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30fa\u30fc-\u312f\u31a0-\u31bf\u31f0-\u31ff\U0001b000-\U0001b16f"  # kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese, Yi
    "\U0001f1e6-\U0001f1ff"  # two of them make a flag
)
VOWELS = "\u0900-\u0963\u0966-\u0dff\u1b00-\u1cff"
"""Scripts of India and Indonesia, whose signs within a word are no letters to Python."""
SYMBOLS = "\u2190-\u2bff\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff"

_PIECE = re.compile(
    rf"(?P<run>[{UNSPACED}]+)|[a-z0-9]+(?:(?:\+\+|\#)(?![a-z0-9]))?|(?:[{VOWELS}]|[^\W_a-z0-9{UNSPACED}])+|[{SYMBOLS}]"
)
_NAME = re.compile(r"[A-Za-z0-9]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SILENT = re.compile(
    "[\u00ad\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff\U000e0000-\U000e01ef]+"
)
"""Accents and vowel signs, once they are apart from their letters, and what is not seen at all."""
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


def fold(text: str) -> str:
    """Texts that are the same to who searches become the same."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", _SILENT.sub("", apart)).translate(_PLAIN)


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Words, symbols and unspaced runs of a folded text, in order; whether it is a run."""
    for found in _PIECE.finditer(text):
        yield found[0], found["run"] is not None


def terms(text: str) -> list[str]:
    """All that a text can be found by, each once, written in ASCII letters and digits."""
    return [written(term) for term in islice(dict.fromkeys(_all(text)), MOST_TERMS)]


def parts(run: str) -> list[str]:
    """The terms that tell an unspaced run from most others."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def written(term: str) -> str:
    """The beginning of a term is written like the beginning of what is written for it."""
    if term.isascii() and term.isalnum():
        return f"a{term[: LONGEST - 1]}"
    return f"u{''.join(map(_digits, term[: (LONGEST - 1) // 4]))}"


@cache
def _digits(character: str) -> str:
    """Four digits to the base of 36."""
    number, made = ord(character), ""
    for _ in range(4):
        number, digit = divmod(number, 36)
        made = DIGITS[digit] + made
    return made


def _all(text: str) -> Iterator[str]:
    for piece, is_run in pieces(fold(text)):
        if is_run:
            yield from piece
            yield from parts(piece)
        else:
            yield piece
            yield piece.rstrip("+#")
    for name in dict.fromkeys(_NAME.findall(text)):
        if len(name) <= LONGEST:
            yield from (hump.lower() for hump in _HUMP.findall(name))

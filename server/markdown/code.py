"""Code blocks, highlighted by Pygments with its short class names (``k``, ``s``, ``c1``, …): the client styles them."""

from __future__ import annotations

import re
from functools import lru_cache

from mistune import escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

MAX_CODE = 20_000
MAX_LINE = 2_000
"""Characters of a block, and of a line in it, beyond which code stays plain. Pygments costs about 1 µs per character,
and some of its lexers grow with the square of a line."""

_LANGUAGE = re.compile(r"[\w+#.-]{1,40}", re.ASCII)
_UNSAFE_LEXERS = frozenset[str]()
_formatter = HtmlFormatter(nowrap=True)


def code_block(code: str, info: str | None) -> str:
    """``<pre><code class="language-x">``. ``info`` is what stands behind the fence; its first word is the language.

    A language that Pygments does not know keeps its name and stays plain, as does a diagram that the client draws.
    """
    name = _LANGUAGE.match(info or "")
    attribute = f' class="language-{name[0].lower()}"' if name else ""
    return f"<pre><code{attribute}>{_highlighted(code, name[0].lower() if name else '')}</code></pre>\n"


def _highlighted(code: str, language: str) -> str:
    lexer = _lexer(language)
    if lexer is None or len(code) > MAX_CODE or max(map(len, code.split("\n"))) > MAX_LINE:
        return escape(code, quote=False)
    return highlight(code, lexer, _formatter)


@lru_cache(maxsize=1024)
def _lexer(language: str) -> Lexer | None:
    if not language:
        return None
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return None if lexer.name in _UNSAFE_LEXERS else lexer

"""Code blocks, highlighted by Pygments with its short class names (``k``, ``s``, ``c1``, …): the client styles them."""

from __future__ import annotations

import re
from functools import lru_cache

import pygments
from mistune import escape
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

MAX_CODE = 12_000
MAX_LINE = 500
MAX_RUN = 500
"""Characters of a block, of a line in it, and of a run in it that is either all words or all punctuation. Beyond them
code stays plain. Pygments takes about 1 µs per character of ordinary code, but the square or the cube of the length
where an expression has to try every way to read a run."""

_NAMES = """
    ada arduino awk bash batch c clojure cmake coffeescript common-lisp console cpp csharp css cuda cypher dart diff
    django docker elixir emacs-lisp erlang fish fortran fsharp gdscript glsl go graphql groovy haskell html ini java
    javascript json json5 jsx julia kotlin less lua make matlab mysql nasm nginx nim nix objective-c ocaml perl
    php plpgsql postgresql powershell prolog properties protobuf pycon pytb python racket ruby rust sass scala scheme
    scss smalltalk solidity splus sql sqlite3 swift systemverilog tcl tex toml tsx typescript vala vb.net
    verilog vhdl vue xml yaml zig
"""
HIGHLIGHTED = frozenset(_NAMES.split())
"""Languages in use, each by one of its aliases in Pygments. These were seen to stay within a second for anything
inside the limits; some of the other 500 do not, or pass a part of the code to a language that the code names."""

_LANGUAGE = re.compile(r"[\w+#.-]{1,40}", re.ASCII)
_RUN = re.compile(r"[\w\s.$@<>\[\]?]+|[^\w\s]+")
_formatter = HtmlFormatter(nowrap=True)


def code_block(code: str, info: str | None, *, unfinished: bool = False) -> str:
    """``<pre><code class="language-x">``. ``info`` is what stands behind the fence; its first word is the language.

    A language that Pygments does not know keeps its name and stays plain, as does a diagram that the client draws.
    What is ``unfinished`` is ``<pre class="open">`` and plain: it is drawn anew with every word, and colours would make
    each of these renderings five times as long.
    """
    name = _LANGUAGE.match(info or "")
    attribute = f' class="language-{name[0].lower()}"' if name else ""
    if unfinished:
        return f'<pre class="open"><code{attribute}>{escape(code, quote=False)}</code></pre>\n'
    return f"<pre><code{attribute}>{_highlighted(code, name[0].lower() if name else '')}</code></pre>\n"


def _highlighted(code: str, language: str) -> str:
    lexer = _lexer(language)
    if lexer is None or not _is_ordinary(code):
        return escape(code, quote=False)
    tokens = list(lexer.get_tokens(code))
    if "".join(text for _, text in tokens) != code:
        # Some lexers drop what they do not understand.
        return escape(code, quote=False)
    return pygments.format(tokens, _formatter)


def _is_ordinary(code: str) -> bool:
    return (
        len(code) <= MAX_CODE
        and max(map(len, code.split("\n"))) <= MAX_LINE
        and max(map(len, _RUN.findall(code)), default=0) <= MAX_RUN
    )


@lru_cache(maxsize=1024)
def _lexer(language: str) -> Lexer | None:
    if not language:
        return None
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
    return None if HIGHLIGHTED.isdisjoint(lexer.aliases) else lexer

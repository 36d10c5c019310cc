"""How a page without script looks. It stands in the page itself, which needs nothing else from anywhere."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from pygments.formatters import HtmlFormatter

_LIGHT_CODE, _DARK_CODE = "xcode", "github-dark"


def _code(style: str) -> str:
    """Pygments' own rules, without the frame around them."""
    return "\n".join(HtmlFormatter(style=style, nobackground=True).get_token_style_defs("pre"))  # type: ignore[no-untyped-call]


STYLES = f"""
:root {{
  color-scheme: light dark;
  --page: #ffffff; --ink: #1d1d1b; --muted: #65645f; --line: #e7e5e0; --bubble: #f2f1ed; --code: #f8f7f4;
  --accent: #0f766e;
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --page: #1c1c1b; --ink: #ecebe7; --muted: #a5a39c; --line: #30302d; --bubble: #2c2c2a; --code: #232321;
    --accent: #5cc7b6;
  }}
}}
* {{ box-sizing: border-box; }}
body {{
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere; text-size-adjust: 100%;
  font: 1rem/1.7 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC",
    "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", sans-serif;
}}
main {{
  max-width: 48rem; margin: 0 auto; padding: 2rem max(1.25rem, env(safe-area-inset-right)) 4rem
    max(1.25rem, env(safe-area-inset-left));
}}
h1.title {{ font-size: 1.6rem; line-height: 1.3; margin: 0 0 .25rem; text-wrap: balance; }}
.about, .by, .ending, footer {{ color: var(--muted); font-size: .875rem; }}
.about {{ margin: 0 0 2rem; }}
article {{ margin: 2rem 0; }}
.by {{ margin: 0 0 .35rem; font-weight: 600; }}
.by time {{ font-weight: 400; margin-inline-start: .5rem; }}
.question {{ background: var(--bubble); border-radius: 1.1rem; padding: .8rem 1.1rem; white-space: pre-wrap; }}
.ending {{ border-inline-start: 3px solid var(--line); padding-inline-start: .75rem; }}
details {{ border: 1px solid var(--line); border-radius: .75rem; padding: .5rem .9rem; margin: .5rem 0 1rem; }}
summary {{ cursor: pointer; color: var(--muted); }}
.live {{
  position: sticky; bottom: 1rem; display: flex; gap: 1rem; justify-content: space-between; padding: .7rem 1rem;
  border: 1px solid var(--line); border-radius: .75rem; background: var(--page); font-size: .875rem;
}}
footer {{ border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 1rem; }}
a {{ color: var(--accent); text-underline-offset: .2em; }}
:is(h1, h2, h3, h4, h5, h6) {{ line-height: 1.35; }}
.answer > :first-child {{ margin-top: 0; }}
.answer h1 {{ font-size: 1.45rem; }} .answer h2 {{ font-size: 1.25rem; }} .answer h3 {{ font-size: 1.1rem; }}
.answer :is(h4, h5, h6) {{ font-size: 1rem; }}
blockquote {{ margin: 1em 0; padding-inline-start: 1em; border-inline-start: 3px solid var(--line);
  color: var(--muted); }}
hr {{ border: 0; border-top: 1px solid var(--line); margin: 2em 0; }}
table {{ display: block; max-width: 100%; overflow-x: auto; border-collapse: collapse; font-size: .94em; }}
:is(th, td) {{ border: 1px solid var(--line); padding: .45em .8em; vertical-align: top; min-width: 5em; }}
th {{ background: var(--code); }}
code, pre, .math {{ font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono",
  "PingFang SC", "Noto Sans Mono CJK SC", monospace; font-size: .875em; }}
:not(pre) > code {{ background: var(--bubble); border-radius: .35em; padding: .14em .38em; }}
pre {{ background: var(--code); border: 1px solid var(--line); border-radius: .75rem; padding: .85rem 1rem;
  overflow-x: auto; overflow-wrap: normal; line-height: 1.6; tab-size: 4; }}
pre code {{ font-size: inherit; }}
.math {{ font-style: italic; }}
div.math, span.math.block {{ display: block; overflow-x: auto; text-align: center; white-space: pre-wrap;
  margin: 1em 0; }}
li:has(> input[type="checkbox"]:first-child) {{ list-style: none; margin-inline-start: -1.4em; }}
.footnotes {{ border-top: 1px solid var(--line); font-size: .88em; color: var(--muted); }}
sup a {{ text-decoration: none; padding-inline: .15em; }}
@media print {{ .live {{ display: none; }} article {{ break-inside: auto; }} }}
{_code(_LIGHT_CODE)}
@media (prefers-color-scheme: dark) {{
pre span {{ color: inherit; }}
{_code(_DARK_CODE)}
}}
"""
STYLES_HASH = f"'sha256-{b64encode(sha256(STYLES.encode()).digest()).decode()}'"
"""What a Content-Security-Policy lets in of a page: these styles and nothing else."""
POLICY = f"default-src 'none'; style-src {STYLES_HASH}; base-uri 'none'; form-action 'none'"

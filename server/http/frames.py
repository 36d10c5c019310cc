"""Pages that the client puts into frames, each for something that its own page forbids itself.

They have no origin (``sandbox``): what runs there reaches neither the page around it nor, in
anybody's name, this server.
"""

from __future__ import annotations

_LITTLE = (
    "sandbox allow-scripts",
    "default-src 'none'",
    "script-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
)
_MORE = {
    # Mermaid measures words in the styles that it writes.
    "frames/diagram.html": ("style-src 'unsafe-inline'",),
    # Any site's picture, once somebody asked for it.
    "frames/picture.html": ("style-src 'self'", "img-src http: https: data:"),
}

FRAMES = {
    name: {"content-security-policy": "; ".join((*_LITTLE, *more)), "referrer-policy": "no-referrer"}
    for name, more in _MORE.items()
}
"""The headers of each, by its file."""
SHARED = {"access-control-allow-origin": "*"}
"""For ``/assets``, which anybody may have: to a browser, a page without an origin is not ours."""

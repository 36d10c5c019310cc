"""Is anything there? A question that costs nothing where the answer is no, and needs no HTTP client."""

from __future__ import annotations

from urllib.parse import urlsplit

import anyio

PROBE_SECONDS = 1.0


async def listening(url: str) -> bool:
    """Whether something takes connections at the address."""
    try:
        host, port = place(url)
        with anyio.fail_after(PROBE_SECONDS):
            stream = await anyio.connect_tcp(host, port)
    except (OSError, ValueError):
        return False
    await stream.aclose()
    return True


def place(url: str) -> tuple[str, int]:
    """Host and port, the loopback's names made one. Raises ValueError for a port that is none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return "127.0.0.1" if host == "localhost" else host, parts.port or (443 if parts.scheme == "https" else 80)

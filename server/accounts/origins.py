"""Which pages may speak for a person whose cookies they send along."""

from __future__ import annotations

from urllib.parse import urlsplit

from server.settings import Settings

_PORTS = {"http": 80, "https": 443}

Place = tuple[str, str, int]
"""Scheme, host in lower case, port."""


class Origins:
    """Ours are the page's own server, the configured public address, and what the operator allows."""

    def __init__(self, settings: Settings) -> None:
        configured = [*settings.allowed_origins, *([settings.public_url] if settings.public_url else [])]
        self._allowed = frozenset(place for place in map(_place, configured) if place is not None)
        self._schemes = ("https",) if settings.secure else ("http", "https")

    def allows(self, origin: str | None, host: str | None) -> bool:
        """``origin`` and ``host`` are the request's headers of that name. No origin, or "null", is nobody's.

        A TLS proxy in front hides the scheme that the browser used, so that either is taken; but where people come
        by https, a page of the same host that came without it may be anyone's on the way.
        """
        place = _place(origin) if origin else None
        if place is None or place in self._allowed:
            return place is not None
        scheme = place[0]
        return bool(host) and scheme in self._schemes and place == _place(f"{scheme}://{host}")


def _place(address: str) -> Place | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port if port is not None else _PORTS[parts.scheme]

"""Where a request carries its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CookieNames:
    """The prefixes make browsers refuse the cookie from a page without TLS and, ``__Host-``, from a sister domain."""

    access: str
    refresh: str
    device: str

    @classmethod
    def of(cls, *, secure: bool) -> CookieNames:
        if secure:
            return cls("__Host-access", "__Secure-refresh", "__Secure-device")
        return cls("access", "refresh", "device")


@dataclass(frozen=True, slots=True)
class Presented:
    """An access token as it came, good or not."""

    token: str | None
    by_cookie: bool
    """A browser sends cookies without being asked: whose page asked is then to be checked by ``Origin``."""


def presented(headers: Mapping[str, str], cookies: Mapping[str, str], names: CookieNames) -> Presented:
    """``Authorization: Bearer`` beats the cookie, even when its token is bad. Other schemes are some proxy's."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Presented(token.strip(), by_cookie=False)
    cookie = cookies.get(names.access)
    return Presented(cookie, by_cookie=cookie is not None)

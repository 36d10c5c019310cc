"""The browser that somebody logs in with: what to call it, and how to know it again."""

from __future__ import annotations

import re

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer

from server.tables import new_id

NAME_CHARS = 120
"""What the column holds."""
COOKIE_SECONDS = 400 * 86_400
"""Browsers keep no cookie longer (RFC 6265bis, 5.5)."""
ACCOUNTS = 8
"""Accounts that one device is known to, at most: the cookie stays small."""

# The first that fits: a browser also calls itself by the names of those that it is built upon.
_BROWSERS = (
    ("Edge", r"\bEdg(e|A|iOS)?/"),
    ("Opera", r"\b(OPR|Opera)/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("WeChat", r"\bMicroMessenger/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b(Chrome|CriOS)/"),
    ("Safari", r"\bVersion/.*\bSafari/"),
)
_SYSTEMS = (
    ("iPad", r"\biPad\b"),
    ("iPhone", r"\biPhone\b"),
    ("Android", r"\bAndroid\b"),
    ("HarmonyOS", r"\b(HarmonyOS|OpenHarmony)\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b|\bMacintosh\b"),
    ("Linux", r"\bLinux\b|\bX11\b"),
)


def device_name(user_agent: str) -> str:
    """Short words for people, "Firefox on Linux"; for what is no known browser, the start of what it says of itself."""
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if browser is not None:
        return f"{browser} on {system}" if system is not None else browser
    words = "".join(character for character in user_agent if character.isprintable()).strip()
    return words[:NAME_CHARS] or "Unknown device"


def _first(patterns: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for name, pattern in patterns if re.search(pattern, user_agent)), None)


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the cookie says: an id of its own, and the users that logged in here, the latest last."""

    id: str = msgspec.field(default_factory=new_id)
    users: tuple[str, ...] = ()

    def with_user(self, user: str) -> Device:
        return Device(self.id, (*(other for other in self.users if other != user), user)[-ACCOUNTS:])


class DeviceCookies:
    def __init__(self, key: str) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="parley.device")

    def write(self, device: Device) -> str:
        return self._serializer.dumps(msgspec.to_builtins(device))

    def read(self, cookie: str | None) -> Device:
        """A new device for a cookie that is missing, not ours or too old."""
        if cookie is None:
            return Device()
        try:
            return msgspec.convert(self._serializer.loads(cookie, max_age=COOKIE_SECONDS), Device)
        except (BadData, msgspec.ValidationError, UnicodeError):
            return Device()

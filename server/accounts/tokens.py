"""The two tokens of a login session, and the one token of a program.

The *access token* is signed and short-lived; it names the user and the session. The *refresh token* is opaque and
single-use. Only its SHA-256 is stored, and its successor is an HMAC of it: whoever presents the same token twice in
good faith, because two tabs woke up at once or an answer was lost, can be given the same successor again.

A *personal API token* is for a program: it is shown with every request, and is good until it is revoked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an access token says."""

    user: str
    session: str


class AccessTokens:
    def __init__(self, key: str, seconds: int) -> None:
        self.seconds = seconds
        """How long a token is good for."""
        self._serializer = URLSafeTimedSerializer(key, salt="parley.access")

    def issue(self, access: Access) -> str:
        return self._serializer.dumps(msgspec.to_builtins(access))

    def read(self, token: str) -> Access | None:
        """None for a token that is not ours, was changed or is too old."""
        try:
            return msgspec.convert(self._serializer.loads(token, max_age=self.seconds), Access)
        except (BadData, msgspec.ValidationError, UnicodeError):
            return None


PERSONAL = "parley_"
"""How personal tokens begin: whoever finds one in a file or a log knows what it opens."""


def personal_token() -> str:
    """256 random bits, in the base64 alphabet of addresses."""
    return PERSONAL + secrets.token_urlsafe(32)


class RefreshTokens:
    def __init__(self, key: str) -> None:
        self._key = hmac.digest(key.encode(), b"parley.refresh.successor", hashlib.sha256)

    def first(self) -> str:
        """256 random bits, in the base64 alphabet of addresses."""
        return secrets.token_urlsafe(32)

    def successor(self, token: str) -> str:
        digest = hmac.digest(self._key, token.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def fingerprint(token: str) -> str:
    """What is stored of a token: SHA-256 in hexadecimal. The token is random, so that needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()

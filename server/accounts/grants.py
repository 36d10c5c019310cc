"""Login sessions begin here, and here is made what a client goes on with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from server.accounts.devices import Device, DeviceCookies, device_name
from server.accounts.identity import Client, Grant
from server.accounts.tokens import Access, AccessTokens, RefreshTokens, fingerprint
from server.settings import Settings
from server.tables import LoginSession, RefreshToken, User

Opened = tuple[User, LoginSession, str]
"""The user, a login session of theirs, and its refresh token."""


class Grants:
    """``key`` signs the tokens and the device cookie."""

    def __init__(self, settings: Settings, key: str, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.lifetime = timedelta(days=settings.refresh_token_days)
        """Of a login session that nobody refreshes."""
        self.access_tokens = AccessTokens(key, settings.access_token_seconds)
        self.refresh_tokens = RefreshTokens(key)
        self.devices = DeviceCookies(key)

    def open(self, session: Session, user: User, client: Client) -> Opened:
        login = LoginSession(
            user_id=user.id,
            device=device_name(client.user_agent),
            created_at=self._clock(),
            expires_at=self._clock() + self.lifetime,
            last_seen_at=self._clock(),
        )
        session.add(login)
        session.flush()
        return user, login, self.first_token(session, login)

    def first_token(self, session: Session, login: LoginSession) -> str:
        """The beginning of a chain of refresh tokens; only its hash is stored."""
        token = self.refresh_tokens.first()
        session.add(RefreshToken(token_hash=fingerprint(token), session_id=login.id, created_at=self._clock()))
        return token

    def grant(self, user: User, login: LoginSession, token: str, *, device: Device | None = None) -> Grant:
        """With ``device``, where the password was just typed: its cookie says from now on that the user was there."""
        access = self.access_tokens.issue(Access(user.id, login.id))
        cookie = self.devices.write(device.with_user(user.id)) if device is not None else None
        return Grant(user, login, access, token, cookie)

"""Who asks, who that is, and what they get to go on with."""

from __future__ import annotations

from dataclasses import dataclass

from server.tables import LoginSession, User


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, as far as the request tells."""

    address: str
    user_agent: str = ""
    device: str | None = None
    """The device cookie, as it came."""


@dataclass(frozen=True, slots=True)
class Identity:
    user: User
    session: LoginSession

    @property
    def is_program(self) -> bool:
        """Shows a personal API token: whoever holds that need not be the person, nor know the password."""
        return self.session.token_hash is not None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client gets to go on with."""

    user: User
    session: LoginSession
    access_token: str
    refresh_token: str
    device: str | None = None
    """The device cookie to be kept, where somebody just logged in."""

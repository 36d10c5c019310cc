"""The login sessions of a user: where they are logged in, which programs have a token, and how that ends.

When a session was seen last is noted where it costs nothing: its log-in, a refresh, the beginning and the end of its
sockets. A program may have none of these; so its requests are noted too, one a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import anyio
import structlog
from sqlmodel import Session

from server.accounts import names, repository
from server.accounts.identity import Identity
from server.accounts.tokens import fingerprint, personal_token
from server.db import Database
from server.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from server.journal import Journal, Recorded
from server.protocol.codes import AccountRole
from server.protocol.events import SessionClosed
from server.realtime.bus import Bus, SessionsEnded
from server.tables import LoginSession

log = structlog.get_logger(__name__)

TOKENS = 50
"""Of one user, at most."""
TOKEN_DAYS = (1, 3650)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""The last day that both kinds of database know."""
NOTED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Device:
    session: LoginSession
    last_seen_at: datetime
    current: bool


class LoginSessions:
    def __init__(self, database: Database, journal: Journal, bus: Bus, clock: Callable[[], datetime]) -> None:
        self._db = database
        self._journal = journal
        self._bus = bus
        self._clock = clock

    async def of(self, who: Identity) -> list[Device]:
        """Who asks comes first, then whoever was seen last."""
        moment = self._clock()

        def work(session: Session) -> list[Device]:
            logins = [row for row in repository.sessions_of(session, who.user.id) if row.expires_at > moment]
            here = repository.present(session, [login.id for login in logins])
            return [
                Device(
                    login,
                    moment if login.id in here else login.last_seen_at or login.created_at,
                    current=login.id == who.session.id,
                )
                for login in logins
            ]

        devices = await self._db.read(work)
        return sorted(devices, key=lambda device: (device.current, device.last_seen_at), reverse=True)

    async def roles(self, logins: Collection[str]) -> dict[str, AccountRole]:
        """Of these login sessions; one that has ended is not in it."""
        return await self._db.read(lambda session: repository.roles(session, logins, self._clock()))

    async def make_token(self, who: Identity, name: str, days: int | None) -> tuple[LoginSession, str]:
        """A token, and the session that it stands for. Nobody can be shown it again."""
        refuse_program(who)
        name = names.token(name)
        least, most = TOKEN_DAYS
        if days is not None and not least <= days <= most:
            raise Invalid(f"A token is good for {least} to {most} days, or for ever.", field="days")
        token, moment = personal_token(), self._clock()
        login = LoginSession(
            user_id=who.user.id,
            device=name,
            created_at=moment,
            expires_at=moment + timedelta(days=days) if days is not None else NEVER,
            token_hash=fingerprint(token),
        )

        def work(session: Session) -> LoginSession:
            user = repository.locked(session, who.user.id)
            logins = repository.sessions_of(session, who.user.id)
            if user is None or who.session.id not in {row.id for row in logins}:
                raise NotFound("This device was logged out a moment ago.")
            if sum(row.token_hash is not None for row in logins) >= TOKENS:
                raise Conflict(f"There are {TOKENS} tokens already. Revoke one you do not need.", field="tokens")
            return session.merge(login)

        made = await self._db.write(work)
        log.info("account.token.made", user=who.user.id, session=made.id)
        return made, token

    async def end_one(self, who: Identity, login: str) -> None:
        """One of the user's own; a program may end itself only."""
        if login != who.session.id:
            refuse_program(who)
        if await self._db.read(lambda session: repository.session_of(session, who.user.id, login)) is None:
            raise NotFound("There is no such device or token.")
        await self.end(who.user.id, [login])

    async def end_others(self, who: Identity) -> None:
        """Every browser but the one that asks. Programs keep their tokens."""
        refuse_program(who)
        logins = await self._db.read(lambda session: repository.sessions_of(session, who.user.id))
        others = [row.id for row in logins if row.token_hash is None and row.id != who.session.id]
        if others:
            await self.end(who.user.id, others)

    async def end(self, user: str, logins: Collection[str]) -> None:
        def work(session: Session) -> Recorded[None]:
            repository.end_sessions(session, logins)
            return Recorded(None, [SessionClosed(session=login) for login in logins])

        with anyio.CancelScope(shield=True):
            await self._journal.record(user, work)
            await self.tell_ended(logins)

    async def tell_ended(self, logins: Collection[str]) -> None:
        """What is committed holds: a worker that cannot be told finds out by itself."""
        try:
            await self._bus.publish(SessionsEnded(frozenset(logins)))
        except Unavailable as error:
            log.warning("account.sessions_ended_in_silence", sessions=len(logins), reason=error.message)

    async def note(self, who: Identity) -> None:
        """A request was made. Where that cannot be noted, it is answered all the same."""
        login, moment = who.session, self._clock()
        if login.last_seen_at is not None and moment - login.last_seen_at < NOTED:
            return
        try:
            await self._db.write(lambda session: repository.seen(session, [login.id], moment))
        except Unavailable as error:
            log.warning("account.not_noted", session=login.id, reason=error.message)

    async def expire(self, moment: datetime) -> None:
        """Ends those whose time is over."""
        expired: dict[str, list[str]] = {}
        for user, login in await self._db.read(lambda session: repository.expired_sessions(session, moment)):
            expired.setdefault(user, []).append(login)
        for user, logins in expired.items():
            await self.end(user, logins)


def refuse_program(who: Identity) -> None:
    if who.is_program:
        raise Forbidden("An API token cannot do this. Log in with your password.")

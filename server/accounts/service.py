"""Accounts and login sessions: who somebody is, on which device, and until when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import anyio
import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from server.accounts import names, objects, repository, rotation
from server.accounts.grants import Grants, Opened
from server.accounts.identity import Client, Grant, Identity
from server.accounts.passwords import Passwords
from server.accounts.sessions import LoginSessions, refuse_program
from server.accounts.throttle import Throttle
from server.accounts.tokens import PERSONAL, fingerprint
from server.db import Database
from server.errors import BadCredentials, Conflict, Invalid, Suspended, Unauthenticated
from server.journal import Journal, Recorded
from server.protocol import objects as wire
from server.protocol.codes import AccountRole
from server.protocol.events import AccountUpdated, SessionClosed
from server.realtime.bus import Bus
from server.settings import Settings
from server.tables import LoginSession, User, now

log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Left:
    """What there was of somebody who has left: ids."""

    sessions: Sequence[str]
    conversations: Sequence[str]


class Accounts:
    """``key`` signs the tokens. Errors are those of the wire contract, in words for the person who asked."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        bus: Bus,
        settings: Settings,
        key: str,
        *,
        throttle: Throttle | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._db = database
        self._journal = journal
        self._clock = clock
        self._throttle = throttle or Throttle()
        self._grants = Grants(settings, key, clock)
        self.passwords = Passwords(settings.bcrypt_rounds)
        self.sessions = LoginSessions(database, journal, bus, clock)

    async def register(self, email: str, username: str, password: str, client: Client) -> Grant:
        email, username = names.email(email), names.username(username)
        names.password(password)
        self._throttle.register(client.address)
        password_hash = await self.passwords.hash(password)

        def work(session: Session) -> Opened:
            _refuse_taken(session, email, username)
            user = User(
                email=email,
                username=username,
                username_key=names.username_key(username),
                password_hash=password_hash,
                role=repository.role_of_next(session),
                created_at=self._clock(),
            )
            session.add(user)
            session.flush()
            return self._grants.open(session, user, client)

        user, login, token = await _naming(lambda: self._db.write(work))
        log.info("account.registered", user=user.id, role=user.role)
        return self._grants.grant(user, login, token, device=self._grants.devices.read(client.device))

    async def log_in(self, login: str, password: str, client: Client) -> Grant:
        """``login``: e-mail address or user name."""
        key = names.login_key(login)
        found = await self._db.read(lambda session: repository.find(session, key))
        device = self._grants.devices.read(client.device)
        trusted = device.id if found is not None and found.id in device.users else None
        attempt = self._throttle.log_in(key, client.address, trusted)
        matches = await self.passwords.verify(password, found.password_hash if found is not None else None)
        if found is None or not matches:
            log.info("account.login.refused", user=found.id if found is not None else None)
            raise BadCredentials("The name or the password is not right.")
        attempt.was_right()
        known = found

        def work(session: Session) -> Opened:
            user = repository.locked(session, known.id)
            if user is None or user.password_hash != known.password_hash:
                raise BadCredentials("The password was changed a moment ago.")
            if user.role is AccountRole.SUSPENDED:
                raise Suspended("This account is suspended. Ask an administrator.")
            return self._grants.open(session, user, client)

        user, session, token = await self._db.write(work)
        return self._grants.grant(user, session, token, device=device)

    async def refresh(self, token: str) -> Grant:
        """Spends a refresh token for the next one. A token that was stolen ends its login session."""

        def work(session: Session) -> rotation.Rotated | rotation.Reused | None:
            outcome = rotation.rotate(
                session, self._grants.refresh_tokens, token, now=self._clock(), lifetime=self._grants.lifetime
            )
            if isinstance(outcome, rotation.Rotated) and outcome.user.role is AccountRole.SUSPENDED:
                raise Suspended("This account is suspended. Ask an administrator.")
            return outcome

        outcome = await self._db.write(work)
        if isinstance(outcome, rotation.Rotated):
            return self._grants.grant(outcome.user, outcome.session, outcome.token)
        if outcome is not None:
            log.warning("account.refresh_token.reused", user=outcome.user, session=outcome.session)
            await self.sessions.end(outcome.user, [outcome.session])
        raise Unauthenticated("This device is not logged in any more.")

    async def identify(self, token: str) -> Identity | None:
        """Whose token it is, if it is good and its login session goes on. Suspended users too: see their role.

        ``token``: an access token, or a personal one.
        """
        if token.startswith(PERSONAL):
            token_hash = fingerprint(token)
            found = await self._db.read(
                lambda session: repository.identity_of_token(session, token_hash, self._clock())
            )
        elif (access := self._grants.access_tokens.read(token)) is not None:
            user, login = access.user, access.session
            found = await self._db.read(lambda session: repository.identity(session, user, login, self._clock()))
        else:
            return None
        return Identity(*found) if found is not None else None

    @staticmethod
    def account(session: Session, user: str) -> tuple[wire.User, list[wire.Session]]:
        """The user, and the devices that are here, by their log-in, oldest first."""
        row = _still(session.get(User, user))
        logins = repository.sessions_of(session, user)
        here = repository.present(session, [login.id for login in logins])
        return objects.user(row), [objects.session(login) for login in logins if login.id in here]

    async def session_of(self, refresh_token: str) -> LoginSession | None:
        token_hash = fingerprint(refresh_token)
        return await self._db.read(lambda session: repository.session_of_token(session, token_hash))

    async def update(
        self,
        who: Identity,
        *,
        username: str | None = None,
        email: str | None = None,
        current_password: str | None = None,
    ) -> User:
        """Changes what is given. A new e-mail address needs the password: it is what one logs in with."""
        new_name = names.username(username) if username is not None else None
        new_email = names.email(email) if email is not None else None
        if new_email is not None:
            if current_password is None:
                raise Invalid("Changing the e-mail address needs the current password.", field="current_password")
            await self._confirm(who, current_password)

        def work(session: Session) -> Recorded[User]:
            user = _still(repository.locked(session, who.user.id))
            before = (user.email, user.username)
            after = (new_email or user.email, new_name or user.username)
            _refuse_taken(session, *after, by_other_than=user.id)
            user.email, user.username = after
            user.username_key = names.username_key(user.username)
            return Recorded(user, [AccountUpdated(user=self.as_object(user))] if after != before else [])

        return await _naming(lambda: self._journal.record(who.user.id, work))

    async def change_password(self, who: Identity, current_password: str, new_password: str) -> Grant:
        """Ends every other login session, those of tokens too, and the refresh tokens that this one had."""
        refuse_program(who)
        names.password(new_password, field="new_password")
        await self._confirm(who, current_password)
        password_hash = await self.passwords.hash(new_password)

        def work(session: Session) -> Recorded[tuple[User, LoginSession, str, list[str]]]:
            user = _still(repository.locked(session, who.user.id))
            if user.password_hash != who.user.password_hash:
                raise Conflict("The password was changed a moment ago, on another device.")
            login = _still(session.get(LoginSession, who.session.id))
            user.password_hash = password_hash
            login.expires_at = self._clock() + self._grants.lifetime
            others = [row.id for row in repository.sessions_of(session, user.id) if row.id != login.id]
            repository.end_sessions(session, others)
            repository.forget_tokens(session, login.id)
            token = self._grants.first_token(session, login)
            return Recorded((user, login, token, others), [SessionClosed(session=ended) for ended in others])

        with anyio.CancelScope(shield=True):
            user, login, token, ended = await self._journal.record(who.user.id, work)
            if ended:
                await self.sessions.tell_ended(ended)
        log.info("account.password.changed", user=user.id, sessions_ended=len(ended))
        return self._grants.grant(user, login, token)

    async def delete(
        self, who: Identity, current_password: str, *, stop_turns: Callable[[str], Awaitable[None]]
    ) -> None:
        """The account and all that is in it. ``stop_turns`` ends what runs for a user."""
        refuse_program(who)
        await self._confirm(who, current_password)

        def work(session: Session) -> Recorded[Left | None]:
            user = _still(repository.locked(session, who.user.id))
            logins = [login.id for login in repository.sessions_of(session, user.id)]
            if who.session.id not in logins or user.password_hash != who.user.password_hash:
                raise Unauthenticated("This device is not logged in any more.")
            if repository.is_last_admin(session, user):
                raise Conflict("You are the only administrator. Make somebody else one first.", field="role")
            if repository.answers_run(session, user.id):
                return Recorded(None)
            left = Left(logins, repository.conversations_of(session, user.id))
            repository.delete_user(session, user.id)
            return Recorded(left)

        async def leave() -> Left | None:
            with anyio.CancelScope(shield=True):
                left = await self._journal.record(who.user.id, work)
                if left is not None:
                    await self.sessions.tell_ended(left.sessions)
                    await self._journal.forget(who.user.id, left.conversations)
            return left

        while (left := await leave()) is None:
            await stop_turns(who.user.id)
        log.info("account.deleted", user=who.user.id, conversations=len(left.conversations))

    async def purge(self, now: datetime) -> None:
        """Ends expired login sessions, and forgets tokens that were spent so long ago that they had expired since."""
        await self.sessions.expire(now)
        await self._db.write(lambda session: repository.forget_spent_tokens(session, now - self._grants.lifetime))

    as_object = staticmethod(objects.user)

    async def _confirm(self, who: Identity, password: str) -> None:
        attempt = self._throttle.confirm(who.session.id)
        if not await self.passwords.verify(password, who.user.password_hash):
            raise BadCredentials("The current password is not right.", field="current_password")
        attempt.was_right()


async def _naming(write: Callable[[], Awaitable[T]]) -> T:
    try:
        return await write()
    except IntegrityError:
        # Somebody took a name between our look and our write: a second look says which.
        return await write()


def _refuse_taken(session: Session, email: str, username: str, *, by_other_than: str | None = None) -> None:
    field = repository.taken(session, email, names.username_key(username), by_other_than)
    if field is not None:
        words = "There is an account with this e-mail address already." if field == "email" else "This name is taken."
        raise Conflict(words, field=field)


def _still(row: T | None) -> T:
    if row is None:
        raise Unauthenticated("This device is not logged in any more.")
    return row

"""The SQL of accounts: plain functions of a database session, to be run within one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import String, column, delete, func, table, update
from sqlalchemy import select as select_core
from sqlmodel import Session, col, select

from server.protocol.codes import AccountRole
from server.tables import Conversation, LoginSession, Presence, RefreshToken, User


def find(session: Session, login_key: str) -> User | None:
    """By e-mail address, or by a user name's key: no name holds an "@"."""
    named = User.email == login_key if "@" in login_key else User.username_key == login_key
    return session.exec(select(User).where(named)).first()


def locked(session: Session, user: str) -> User | None:
    """The user's row, which nobody else changes until the transaction ends."""
    return session.exec(select(User).where(User.id == user).with_for_update()).first()


def taken(session: Session, email: str, username_key: str, by_other_than: str | None = None) -> str | None:
    """The first of the two, "email" or "username", that belongs to another account."""
    for field, clash in (("email", User.email == email), ("username", User.username_key == username_key)):
        owner = session.exec(select(User.id).where(clash)).first()
        if owner is not None and owner != by_other_than:
            return field
    return None


def role_of_next(session: Session) -> AccountRole:
    """The first account becomes admin, and exactly one is the first.

    On MySQL several can come first at once, and none sees the rows of the others before they are committed.
    """
    if _anyone(session):
        return AccountRole.USER
    _take_turns(session)
    return AccountRole.USER if _anyone(session) else AccountRole.ADMIN


def _anyone(session: Session) -> bool:
    """Somebody who is being deleted at this moment is waited for: that may have been the last one.

    The whole row is read, for its id alone would be read, and locked, in another index only.
    """
    return session.exec(select(User).limit(1).with_for_update(read=True)).first() is not None


def is_last_admin(session: Session, user: User) -> bool:
    """Whether nobody could look after those who stay. Admins who leave at once look one after the other."""
    if user.role is not AccountRole.ADMIN:
        return False
    _take_turns(session)
    others = session.exec(select(User.role, func.count()).where(User.id != user.id).group_by(col(User.role))).all()
    return bool(others) and AccountRole.ADMIN not in {role for role, _ in others}


def _take_turns(session: Session) -> None:
    """Until the transaction ends, by way of the one row that every migrated database has."""
    revision = select_core(column("version_num", String)).select_from(table("alembic_version")).with_for_update()
    session.connection().execute(revision).all()


def identity(session: Session, user: str, login: str, now: datetime) -> tuple[User, LoginSession] | None:
    """The user and the login session, if it goes on."""
    return session.exec(
        select(User, LoginSession)
        .join(LoginSession, col(LoginSession.user_id) == User.id)
        .where(User.id == user, LoginSession.id == login, LoginSession.expires_at > now)
    ).first()


def identity_of_token(session: Session, token_hash: str, now: datetime) -> tuple[User, LoginSession] | None:
    """The same, by a personal token."""
    return session.exec(
        select(User, LoginSession)
        .join(LoginSession, col(LoginSession.user_id) == User.id)
        .where(LoginSession.token_hash == token_hash, LoginSession.expires_at > now)
    ).first()


def session_of(session: Session, user: str, login: str) -> LoginSession | None:
    """The user's login session of this id."""
    return session.exec(select(LoginSession).where(LoginSession.id == login, LoginSession.user_id == user)).first()


def sessions_of(session: Session, user: str) -> Sequence[LoginSession]:
    """Oldest first."""
    return session.exec(
        select(LoginSession)
        .where(LoginSession.user_id == user)
        .order_by(col(LoginSession.created_at), col(LoginSession.id))
    ).all()


def present(session: Session, logins: Collection[str]) -> set[str]:
    """Which of these login sessions have an open socket."""
    return set(session.exec(select(Presence.session_id).where(col(Presence.session_id).in_(logins))))


def roles(session: Session, logins: Collection[str], now: datetime) -> dict[str, AccountRole]:
    """The role of whoever is logged in, by login session; without those that have ended."""
    query = select(LoginSession.id, User.role).join(User, col(User.id) == LoginSession.user_id)
    found = session.exec(query.where(col(LoginSession.id).in_(logins), LoginSession.expires_at > now))
    return {login: AccountRole(role) for login, role in found}


def session_of_token(session: Session, token_hash: str) -> LoginSession | None:
    return session.exec(
        select(LoginSession)
        .join(RefreshToken, col(RefreshToken.session_id) == LoginSession.id)
        .where(RefreshToken.token_hash == token_hash)
    ).first()


def seen(session: Session, logins: Collection[str], moment: datetime) -> None:
    session.exec(update(LoginSession).where(col(LoginSession.id).in_(logins)).values(last_seen_at=moment))


def answers_run(session: Session, user: str) -> bool:
    live = select(Conversation.id).where(Conversation.user_id == user, col(Conversation.live_turn_id).is_not(None))
    return session.exec(live.limit(1)).first() is not None


def conversations_of(session: Session, user: str) -> Sequence[str]:
    return session.exec(select(Conversation.id).where(Conversation.user_id == user)).all()


def delete_user(session: Session, user: str) -> None:
    """And all that is the user's: every row of theirs refers to them, or to something that does, by a cascade."""
    session.exec(delete(User).where(col(User.id) == user))


def end_sessions(session: Session, ids: Collection[str]) -> None:
    """Their refresh tokens go with them."""
    session.exec(delete(LoginSession).where(col(LoginSession.id).in_(ids)))


def forget_tokens(session: Session, login: str) -> None:
    session.exec(delete(RefreshToken).where(col(RefreshToken.session_id) == login))


def expired_sessions(session: Session, now: datetime) -> Sequence[tuple[str, str]]:
    """Pairs of user and session id."""
    return session.exec(select(LoginSession.user_id, LoginSession.id).where(LoginSession.expires_at <= now)).all()


def forget_spent_tokens(session: Session, before: datetime) -> None:
    session.exec(delete(RefreshToken).where(col(RefreshToken.spent_at) < before))

"""The SQL of accounts: plain functions of a database session, to be run within one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import String, column, delete, table
from sqlalchemy import select as select_core
from sqlmodel import Session, col, select

from server.protocol.codes import AccountRole
from server.tables import LoginSession, Presence, RefreshToken, User


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

    On MySQL several can come first at once, and none sees the rows of the others before they are committed. They
    queue for the one row that every migrated database has; whoever gets it looks again.
    """
    if _anyone(session):
        return AccountRole.USER
    revision = select_core(column("version_num", String)).select_from(table("alembic_version")).with_for_update()
    session.connection().execute(revision).all()
    return AccountRole.USER if _anyone(session) else AccountRole.ADMIN


def _anyone(session: Session) -> bool:
    return session.exec(select(User.id).limit(1)).first() is not None


def identity(session: Session, user: str, login: str, now: datetime) -> tuple[User, LoginSession] | None:
    """The user and the login session, if it goes on."""
    return session.exec(
        select(User, LoginSession)
        .join(LoginSession, col(LoginSession.user_id) == User.id)
        .where(User.id == user, LoginSession.id == login, LoginSession.expires_at > now)
    ).first()


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

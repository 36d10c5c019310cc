"""What happens to a refresh token that is presented.

A token is *fresh* until it is first presented; then it is *spent* and its successor is fresh. A spent token that is
presented again is either the second of two tabs, or the repeated try of one that lost the answer: within the grace
it gets the same successor. Or it was stolen, and either the thief or the owner is late: then the login session has
to end, for nobody can tell which of them holds the fresh one. Once the successor itself has been presented, its
owner has the answer, and there is no good reason left to come with the old one.

    presented                                            outcome
    fresh                                                Rotated, the token is spent
    spent, within GRACE and its successor still fresh    Rotated, to the same successor
    spent, otherwise                                     Reused
    unknown, or its session has ended or expired         None
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from server.accounts.tokens import RefreshTokens, fingerprint
from server.tables import LoginSession, RefreshToken, User

GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Rotated:
    user: User
    session: LoginSession
    token: str


@dataclass(frozen=True, slots=True)
class Reused:
    user: str
    session: str


def rotate(
    session: Session, tokens: RefreshTokens, presented: str, *, now: datetime, lifetime: timedelta
) -> Rotated | Reused | None:
    """One transaction. What belongs to one login session happens in a row: each takes the lock on its row first."""
    token_hash = fingerprint(presented)
    login_id = session.exec(select(RefreshToken.session_id).where(RefreshToken.token_hash == token_hash)).first()
    login = session.exec(select(LoginSession).where(LoginSession.id == login_id).with_for_update()).first()
    token = session.get(RefreshToken, token_hash)
    if login is None or token is None or login.expires_at <= now:
        return None
    user = session.get_one(User, login.user_id)
    following = tokens.successor(presented)
    if token.spent_at is None:
        token.spent_at = now
        session.add(RefreshToken(token_hash=fingerprint(following), session_id=login.id, created_at=now))
        login.expires_at = now + lifetime
        login.last_seen_at = now
        return Rotated(user, login, following)
    successor = session.get(RefreshToken, fingerprint(following))
    if now - token.spent_at <= GRACE and successor is not None and successor.spent_at is None:
        return Rotated(user, login, following)
    return Reused(login.user_id, login.id)

"""Rows of accounts as clients see them."""

from __future__ import annotations

from server import tables
from server.protocol import objects as wire
from server.protocol.codes import SessionKind


def user(row: tables.User) -> wire.User:
    return wire.User(id=row.id, email=row.email, username=row.username, role=row.role, created_at=row.created_at)


def session(row: tables.LoginSession) -> wire.Session:
    return wire.Session(id=row.id, kind=kind(row), device=row.device, created_at=row.created_at)


def kind(row: tables.LoginSession) -> SessionKind:
    return SessionKind.BROWSER if row.token_hash is None else SessionKind.TOKEN

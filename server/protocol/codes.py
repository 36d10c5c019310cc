"""The closed vocabularies of the wire: roles, states, error and close codes."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Role(StrEnum):
    """Of a message."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class AccountRole(StrEnum):
    ADMIN = "admin"
    USER = "user"
    PENDING = "pending"
    """May log in and wait until an admin admits it."""
    SUSPENDED = "suspended"


class SessionKind(StrEnum):
    """Of a login session."""

    BROWSER = "browser"
    TOKEN = "token"  # noqa: S105 -- a word of the wire
    """A personal API token, shown by a program."""


class Status(StrEnum):
    """Of a message. A user's message is always ``complete``."""

    PENDING = "pending"
    """No token yet."""
    STREAMING = "streaming"
    COMPLETE = "complete"
    STOPPED = "stopped"
    """By a person."""
    FAILED = "failed"
    """The model or its endpoint; ``error`` says how."""
    INTERRUPTED = "interrupted"
    """The server died under it."""
    TRUNCATED = "truncated"
    """Hit a limit."""

    @property
    def live(self) -> bool:
        return self in (Status.PENDING, Status.STREAMING)


class Part(StrEnum):
    """The two texts of an assistant message."""

    ANSWER = "answer"
    REASONING = "reasoning"


class Verdict(StrEnum):
    """What somebody thinks of an answer."""

    GOOD = "good"
    BAD = "bad"


class Format(StrEnum):
    """How a connection wants live answers: rendered blocks, or plain deltas."""

    HTML = "html"
    TEXT = "text"


class ErrorCode(StrEnum):
    BAD_FRAME = "bad_frame"
    UNKNOWN_TYPE = "unknown_type"
    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    BUSY = "busy"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"
    UPSTREAM_FAILED = "upstream_failed"
    INTERNAL = "internal"


class CloseCode(IntEnum):
    GOING_AWAY = 1001
    SERVICE_RESTART = 1012
    OVER_CAPACITY = 1013
    PROTOCOL_VIOLATED = 4400
    UNAUTHENTICATED = 4401
    CUT_OFF = 4403
    SLOW_READER = 4408
    RATE_LIMITED = 4429

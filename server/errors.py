"""Every error that has a reader, as one tree.

ParleyError                     a code of the wire contract and words for the person who reads it
├── Invalid                     a value that cannot be accepted; ``field`` says which
│   └── Unfit                   a file, or a conversation in it, that cannot be imported; see ``flaw``
├── BadCredentials              wrong name or password: one answer for both
├── Unauthenticated             no valid token
├── Forbidden                   known, but not allowed
│   ├── BadOrigin               a foreign or missing ``Origin``
│   └── Suspended               the account is closed for now
├── NotFound                    does not exist, or not for this user
├── Conflict                    taken already, or the state does not allow it
├── Busy                        an answer is running, or too many are
├── RateLimited                 too often; ``retry_after`` says when again
├── TooLarge                    longer than a limit
├── Unavailable                 the database does not answer; nothing was done
└── UpstreamError               the model's endpoint did not do what was asked; see ``reason``

StartupError                    the process cannot start: one line that says why, for whoever started it
"""

from __future__ import annotations

from typing import ClassVar


class ParleyError(Exception):
    """An error that is told to the client as it stands: its words are meant to be read."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str, *, field: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after = retry_after
        """Seconds until another try may succeed."""


class Invalid(ParleyError):
    code = "invalid"
    status = 400


class Unfit(Invalid):
    """``flaw`` is told with each conversation that is left out, so that a client can say it in its own language.

    Flaws: ``damaged``, ``foreign``, ``version``, ``malformed``, ``empty``, ``too_much``, ``refused``.
    """

    def __init__(self, flaw: str, message: str) -> None:
        super().__init__(message)
        self.flaw = flaw


class BadCredentials(ParleyError):
    code = "bad_credentials"
    status = 401


class Unauthenticated(ParleyError):
    code = "unauthenticated"
    status = 401


class Forbidden(ParleyError):
    code = "forbidden"
    status = 403


class BadOrigin(Forbidden):
    code = "bad_origin"


class Suspended(Forbidden):
    code = "suspended"


class NotFound(ParleyError):
    code = "not_found"
    status = 404


class Conflict(ParleyError):
    code = "conflict"
    status = 409


class Busy(ParleyError):
    code = "busy"
    status = 409


class RateLimited(ParleyError):
    code = "rate_limited"
    status = 429


class TooLarge(ParleyError):
    code = "too_large"
    status = 413


class Unavailable(ParleyError):
    code = "unavailable"
    status = 503


class UpstreamError(ParleyError):
    """``reason`` is stored with the failed message, so that a client can say it in its own language.

    Reasons: ``auth``, ``model_not_found``, ``rate_limited``, ``quota``, ``rejected``, ``too_long``, ``filtered``,
    ``timeout``, ``unreachable``, ``unavailable``, ``garbled``, ``cut_off``, ``empty``.
    """

    code = "upstream_failed"
    status = 502

    def __init__(self, reason: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.reason = reason


class StartupError(Exception):
    pass

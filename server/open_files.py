"""Every connection is an open file, and a process may have only so many."""

from __future__ import annotations

import resource

import structlog

from server.settings import Settings

log = structlog.get_logger(__name__)

OTHERS = 2500
"""Beside the sockets: HTTP requests, sockets that are being closed, models' endpoints, the database."""


def room(files: int) -> int:
    """For how many sockets so many open files are enough."""
    return max(files - OTHERS, files // 2)


def make_room(settings: Settings) -> Settings:
    """Raises this process's limit if need be. Where the system does not allow enough, it takes fewer sockets."""
    wanted = settings.connections + OTHERS
    allowed, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or allowed >= wanted:
        return settings
    try:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )
    except (OSError, ValueError):  # macOS has a further limit, which it does not tell
        log.info("open_files.not_raised", allowed=allowed, wanted=wanted)
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed >= wanted:
        return settings
    sockets = room(allowed)
    log.warning("connections.fewer", sockets=sockets, wanted=settings.connections, open_files=allowed)
    return settings.model_copy(update={"connections": sockets})

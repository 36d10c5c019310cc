"""Redis: whether it answers, can do what is asked of it, and keeps what it is given."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.retry import Retry

from server.operations.doctor.findings import Finding, doubtful, good, wrong
from server.settings import Settings

ANSWER_SECONDS = 3.0
VERSION = (6, 2)
"""The first with ranges of a stream that exclude their start."""
CLOCK_SECONDS = 2.0


def check(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        return
    url = settings.redis_url.get_secret_value()
    try:
        place = _place(url)
        client = Redis.from_url(
            url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
    except ValueError:
        yield wrong("PARLEY_REDIS_URL: not an address of a Redis, such as redis://user:password@host:6379/0.")
        return
    with client:
        try:
            yield from _look(client, place)
        except (AuthenticationError, ResponseError) as error:
            yield wrong(f"Redis at {place} does not let Parley in: {error}", "Check the password in PARLEY_REDIS_URL.")
        except (RedisError, OSError) as error:
            why = str(error).rstrip(".")
            yield wrong(f"Redis at {place} does not answer: {why}.", "See that it runs, and PARLEY_REDIS_URL is right.")


def _look(client: Redis, place: str) -> Iterator[Finding]:
    info = client.info()
    version = str(info.get("redis_version", "0"))
    yield good(f"Redis {version} at {place}.")
    if tuple(int(part) for part in version.split(".")[:2]) < VERSION:
        yield wrong("It is older than 6.2, whose commands Parley needs.", "Upgrade it.")
    if info.get("role") != "master":
        yield wrong("It is a replica, which takes no writes.", "Set PARLEY_REDIS_URL to the address of the master.")
    if str(info.get("cluster_enabled", "0")) == "1":
        yield wrong("It is a cluster, and Parley needs all its keys in one place.", "Use a Redis by itself.")
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if int(info.get("maxmemory", 0)) and policy != "noeviction":
        yield doubtful(
            f"It throws keys away when its memory is full (maxmemory-policy {policy}): people would have to load anew.",
            "Set maxmemory-policy to noeviction.",
        )
    try:
        client.eval("return redis.call('INFO', 'server')", 0)
    except ResponseError as error:
        yield wrong(f"It does not let Parley run scripts: {error}", "Allow this user EVAL, EVALSHA, SCRIPT and INFO.")
    yield from _clock(client)


def _clock(client: Redis) -> Iterator[Finding]:
    before = time.time()
    seconds, microseconds = client.time()
    apart = seconds + microseconds / 1e6 - (before + time.time()) / 2
    if abs(apart) > CLOCK_SECONDS:
        yield doubtful(
            f"Its clock is {abs(apart):.1f} s {'ahead of' if apart > 0 else 'behind'} this machine's.",
            "Have both set by NTP.",
        )


def _place(url: str) -> str:
    """Without who may enter. Raises ValueError."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"

"""The event logs in Redis, for who puts the database back: they tell of what it then does not hold."""

from __future__ import annotations

from server.errors import StartupError
from server.settings import Settings

ANSWER_SECONDS = 10.0
AT_ONCE = 500


def forget(settings: Settings) -> None:
    """Removes what Parley keeps in Redis, of which nothing is lost: the database is the truth. No server may run.

    Raises StartupError when Redis does not do it.
    """
    if settings.redis_url is None:
        return
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        address = settings.redis_url.get_secret_value()
        with Redis.from_url(address, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS) as client:
            keys = client.scan_iter(f"{settings.redis_prefix}:*", count=AT_ONCE)
            while some := [key for _, key in zip(range(AT_ONCE), keys, strict=False)]:
                client.unlink(*some)
    except (RedisError, OSError, ValueError) as error:
        raise StartupError(
            f"Redis does not answer ({error}), and its event logs tell of what would be replaced. "
            "Start it, or correct PARLEY_REDIS_URL."
        ) from error

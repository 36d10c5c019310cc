"""How MySQL is reached by TLS: the certificate is verified, its name too, or there is no connection.

The driver's own ways are weaker than they look: without a CA it falls back to plain text when the server has no TLS,
takes any certificate when it has, and does not compare names even when it is asked to.
"""

from __future__ import annotations

import ssl

from server.errors import StartupError
from server.settings import Settings


def context(settings: Settings) -> ssl.SSLContext | None:
    """None: plain text, as on one machine or in a network of its own. Raises StartupError."""
    if not settings.database_tls:
        if settings.database_ca is not None:
            raise StartupError("PARLEY_DATABASE_CA is set, but PARLEY_DATABASE_TLS is not: set it to true.")
        return None
    try:
        return ssl.create_default_context(cafile=settings.database_ca)
    except OSError as error:
        why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise StartupError(f"PARLEY_DATABASE_CA: {settings.database_ca} cannot be read ({why}).") from error

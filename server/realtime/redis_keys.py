"""What things are called in Redis. A log's channel has the name of its key."""

from __future__ import annotations

from dataclasses import dataclass

from server.realtime.tail import Log


@dataclass(frozen=True, slots=True)
class Keys:
    prefix: str

    @property
    def server(self) -> str:
        """A hash: which life of the server all the rest was written in."""
        return f"{self.prefix}:server"

    @property
    def signals(self) -> str:
        """A short stream of what the bus has carried; its channel has the same name."""
        return f"{self.prefix}:signals"

    @property
    def renewals(self) -> str:
        """The channel that tells of new ledgers."""
        return f"{self.prefix}:renewals"

    def of_user(self, user: str) -> list[str]:
        """The keys that every script about logs begins with: ``server``, and the user's ledger, a hash."""
        return [self.server, f"{self.prefix}:ledger:{user}"]

    def of_log(self, log: Log) -> list[str]:
        """A hash that says how the log stands, and the stream of its entries. No id of a user has a colon in it."""
        name = log.owner if log.conversation is None else f"{log.owner}:{log.conversation}"
        return [f"{self.prefix}:log:{name}", f"{self.prefix}:entries:{name}"]

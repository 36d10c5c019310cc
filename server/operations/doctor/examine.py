"""All checks side by side. One that hangs costs its time, and holds up neither the others nor the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from time import monotonic

from server.errors import StartupError
from server.operations.doctor import configured, database, machine, models, redis
from server.operations.doctor.findings import Finding, good, wrong
from server.settings import Settings, load

SECONDS = 15.0
"""For each check. The slowest is an endpoint that does not answer, which is given 10 s."""

Check = Callable[[Settings], Iterator[Finding]]
CHECKS: Mapping[str, Check] = {
    "settings": configured.check,
    "data folder": machine.check_data_folder,
    "database": database.check,
    "redis": redis.check,
    "models": models.check,
    "system": machine.check_system,
}


def examine(checks: Mapping[str, Check] = CHECKS, seconds: float = SECONDS) -> dict[str, list[Finding]]:
    """By area. Settings that cannot be read leave nothing else to be looked at."""
    try:
        settings = load()
    except StartupError as error:
        return {"settings": [wrong(str(error), "Nothing else was looked at.")]}
    end = monotonic() + seconds
    running = {area: _Running(check, settings) for area, check in checks.items()}
    return {area: check.findings(end) for area, check in running.items()}


class _Running:
    """A check in a thread that does not keep the process from ending."""

    def __init__(self, check: Check, settings: Settings) -> None:
        self._found: list[Finding] = []
        self._thread = threading.Thread(target=self._run, args=(check, settings), daemon=True)
        self._thread.start()

    def findings(self, end: float) -> list[Finding]:
        """Those of a check that hangs, too, as far as it came."""
        self._thread.join(max(end - monotonic(), 0))
        late = [wrong("It did not answer in time.")] if self._thread.is_alive() else []
        return [*self._found, *late] or [good("Not used.")]

    def _run(self, check: Check, settings: Settings) -> None:
        try:
            for finding in check(settings):
                self._found.append(finding)
        except (StartupError, OSError) as error:
            self._found.append(wrong(str(error)))
        except Exception as error:  # noqa: BLE001 -- the other checks are told all the same
            self._found.append(wrong(f"This could not be looked at: {type(error).__name__}.", "Please report it."))

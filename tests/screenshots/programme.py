"""What is played: the scenes, told apart by their functions' names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.screenshots.stage import DESKTOP, TABLET, Scene, Stage

SCENES: dict[str, Scene] = {}

WIDE = (TABLET, DESKTOP)
"""Where the sidebar is beside the page; it is in a drawer on a phone."""

Play = Callable[[Stage], Awaitable[None]]


def scene(**how: Any) -> Callable[[Play], Play]:
    def note(play: Play) -> Play:
        name = play.__name__.replace("_", "-")
        assert name not in SCENES, f"two scenes are called {name}"
        SCENES[name] = Scene(name, play, **how)
        return play

    return note

"""The scenes, by area: each brings a page into one state."""

from tests.screenshots.programme import SCENES
from tests.screenshots.scenes import (
    beginning,
    connection,
    conversations,
    devices,
    dialogs,
    endings,
    entrance,
    folders,
    messages,
    pictures,
    prompts,
    searching,
    settings,
    sidebar,
)

__all__ = [
    "SCENES",
    "beginning",
    "connection",
    "conversations",
    "devices",
    "dialogs",
    "endings",
    "entrance",
    "folders",
    "messages",
    "pictures",
    "prompts",
    "searching",
    "settings",
    "sidebar",
]

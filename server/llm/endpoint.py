"""Where models are asked: an address, a key, and the names people know them by. A vendor is data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import SecretStr

from server.llm.text import whole_characters

OPENAI_URL = "https://api.openai.com/v1"
MAX_QUOTE = 300
"""Characters of an endpoint's own words that are shown to a person or logged."""

_KEYS = re.compile(r"(?:\b(?:sk|pk|rk|gsk|xai|hf|AIza|nvapi)[-_]?[\w*.\-]{8,})|(?i:\bbearer\s+\S+)|(?:\b\w*\*{3,}\w*)")
"""What keys of the known vendors look like, also with their middle starred out."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``base_url`` ends before ``/chat/completions``. The two settings are named in advice about what to change."""

    id: str
    name: str
    base_url: str
    address_setting: str
    key_setting: str | None = None
    api_key: SecretStr | None = None

    def quote(self, words: str) -> str:
        """What the endpoint said, fit to be shown: on one line, short, and without anything that may be a key."""
        if self.api_key is not None and self.api_key.get_secret_value():
            words = words.replace(self.api_key.get_secret_value(), "[key]")
        words = " ".join(_KEYS.sub("[key]", whole_characters(words)).split())
        return words if len(words) <= MAX_QUOTE else words[: MAX_QUOTE - 1].rstrip() + "…"

"""Which settings the doctor warns of, and that those of a laptop are good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.operations.doctor import configured
from server.operations.doctor.findings import Finding, Level
from tests.fixtures.server import settings_for

KEY = "kx3Q9mZr1T_vB7nLw2Yh8cJf5DsA0gEu"


def found(folder: Path, **settings: Any) -> list[Finding]:
    return list(configured.check(settings_for(folder, **({"bcrypt_rounds": 12} | settings))))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"secret_key": KEY},
        {"host": "0.0.0.0", "public_url": "https://chat.example.org", "secret_key": KEY},
        {"public_url": "http://localhost:8000"},
        {"openai_base_url": "http://127.0.0.1:8001/v1", "openai_api_key": "sk-1"},
        {
            "workers": 4,
            "database_url": "mysql://u:p@127.0.0.1/parley",
            "redis_url": "redis://localhost/0",
            "secret_key": KEY,
        },
    ],
)
def test_good_settings(settings: dict[str, Any], tmp_path: Path) -> None:
    assert [finding.level for finding in found(tmp_path, **settings)] == [Level.GOOD]


@pytest.mark.parametrize(
    ("settings", "level", "words"),
    [
        ({"secret_key": "changeme" * 5}, Level.WRONG, "easy to guess"),
        ({"host": "0.0.0.0"}, Level.DOUBTFUL, "passwords travel for all to read"),
        ({"public_url": "http://chat.example.org"}, Level.DOUBTFUL, "plain http address"),
        (
            {"host": "::", "public_url": "https://chat.example.org", "trusted_proxies": "*"},
            Level.DOUBTFUL,
            "trusts everybody",
        ),
        ({"allowed_origins": ("http://a.example.org",)}, Level.DOUBTFUL, "admits pages that travel unencrypted"),
        ({"workers": 2}, Level.WRONG, "several processes need MySQL and Redis"),
        (
            {"workers": 2, "database_url": "mysql://u@127.0.0.1/p"},
            Level.WRONG,
            "several processes need MySQL and Redis",
        ),
        ({"redis_url": "redis://127.0.0.1/0", "secret_key": KEY}, Level.DOUBTFUL, "needs no Redis"),
        (
            {"redis_url": "redis://127.0.0.1/0", "database_url": "mysql://u@127.0.0.1/p"},
            Level.DOUBTFUL,
            "each machine makes a key of its own",
        ),
        (
            {"database_url": "mysql://u:p@db.example.org/p"},
            Level.DOUBTFUL,
            "database at db.example.org is not encrypted",
        ),
        (
            {"redis_url": "redis://:p@r.example.org", "database_url": "mysql://u@127.0.0.1/p", "secret_key": KEY},
            Level.DOUBTFUL,
            "Redis at r.example.org is not encrypted",
        ),
        (
            {"openai_base_url": "http://m.example.org/v1", "openai_api_key": "sk-1"},
            Level.DOUBTFUL,
            "the API key travels for all to read",
        ),
        ({"bcrypt_rounds": 4}, Level.DOUBTFUL, "guessed quickly"),
    ],
)
def test_settings_to_be_warned_of(settings: dict[str, Any], level: Level, words: str, tmp_path: Path) -> None:
    (finding,) = found(tmp_path, **settings)
    assert finding.level is level
    assert words in finding.words


class TestSecretKeyInTheDataFolder:
    def test_that_others_can_read(self, tmp_path: Path) -> None:
        (tmp_path / "secret_key").write_text(KEY)
        (tmp_path / "secret_key").chmod(0o644)
        (finding,) = found(tmp_path)
        assert finding.level is Level.WRONG
        assert finding.remedy == f"Run: chmod 600 {tmp_path / 'secret_key'}"
        (tmp_path / "secret_key").chmod(0o600)
        assert found(tmp_path)[0].level is Level.GOOD

    def test_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "secret_key").mkdir()
        (finding,) = found(tmp_path)
        assert finding.level is Level.WRONG
        assert "cannot be read" in finding.words

    def test_that_is_easy_to_guess_is_not_shown(self, tmp_path: Path) -> None:
        (tmp_path / "secret_key").write_text("x" * 40)
        (tmp_path / "secret_key").chmod(0o600)
        (finding,) = found(tmp_path)
        assert "easy to guess" in finding.words
        assert "xxx" not in str(finding)

"""What can be set: from where, with which defaults, and the one line that says what is wrong."""

from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from pydantic import SecretStr

from server.errors import StartupError
from server.settings import PREFIX, Settings, load, make_data_folder, secret_key

EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"
LONG = "x" * 32


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith((PREFIX, "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def complaint() -> str:
    with pytest.raises(StartupError) as caught:
        load()
    return str(caught.value)


def test_the_example_lists_every_setting_with_its_default(tmp_path: Path) -> None:
    uncommented = re.sub(r"^# (?=[A-Z_]+=)", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    listed = re.findall(r"^([A-Z_]+)=", uncommented, flags=re.MULTILINE)
    fields = {name.upper() if name.startswith("openai_") else PREFIX + name.upper() for name in Settings.model_fields}
    defaults = load()
    (tmp_path / ".env").write_text(uncommented, "utf-8")

    assert sorted(listed) == sorted(fields)
    assert load() == defaults


def test_the_example_as_it_stands_sets_nothing(tmp_path: Path) -> None:
    defaults = load()
    (tmp_path / ".env").write_bytes(EXAMPLE.read_bytes())
    assert load() == defaults
    assert not re.findall(r"^[^#\n]", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PARLEY_PORT", "http", "PARLEY_PORT: a whole number is expected, not 'http'."),
        ("PARLEY_PORT", "80.5", "PARLEY_PORT: a whole number is expected, not '80.5'."),
        ("PARLEY_PORT", "9" * 5000, "PARLEY_PORT: a whole number is expected, not one of that length."),
        ("PARLEY_PORT", "65536", "PARLEY_PORT: at most 65535 is expected, not 65536."),
        ("PARLEY_PORT", "-1", "PARLEY_PORT: at least 0 is expected, not -1."),
        ("PARLEY_DEMO_PACE", "slow", "PARLEY_DEMO_PACE: a number is expected, not 'slow'."),
        ("PARLEY_DEMO_PACE", "nan", "PARLEY_DEMO_PACE: at most 10.0 is expected, not nan."),
        ("PARLEY_DATABASE_TLS", "maybe", "PARLEY_DATABASE_TLS: true or false is expected, not 'maybe'."),
        (
            "PARLEY_LOG_LEVEL",
            "loud",
            "PARLEY_LOG_LEVEL: 'debug', 'info', 'warning' or 'error' is expected, not 'loud'.",
        ),
        ("PARLEY_PRT", "1", "PARLEY_PRT is not a setting; did you mean PARLEY_PORT?"),
        ("PARLEY_OPENAI_API_KEY", "k", "PARLEY_OPENAI_API_KEY is not a setting; did you mean OPENAI_API_KEY?"),
        ("PARLEY_ZZZZ", "1", "PARLEY_ZZZZ is not a setting."),
    ],
)
def test_a_wrong_value_is_told_in_one_line(
    name: str, value: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv(name, value)
        assert complaint() == told
    (tmp_path / ".env").write_text(f"{name}={value}\n")
    assert complaint() == told


@pytest.mark.parametrize(
    "name", ["PARLEY_PUBLIC_URL", "PARLEY_OLLAMA_URL", "PARLEY_ALLOWED_ORIGINS", "OPENAI_BASE_URL"]
)
@pytest.mark.parametrize(
    "value", ["chat.example.org", "ftp://a", "https://", "https:///path", "http:// a", "http://a b", "http://a\tb"]
)
def test_an_address_that_leads_nowhere(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert complaint() == f"{name}: an address such as https://chat.example.org is expected, not {value!r}."


def test_a_short_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_SECRET_KEY", "hunter2")
    assert complaint() == "PARLEY_SECRET_KEY: at least 32 characters are expected, and these are 7."


def test_the_command_line_comes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PARLEY_HOST=file\nPARLEY_PORT=1\nPARLEY_LOG_LEVEL=DEBUG\n# PARLEY_PORT=4\n")
    monkeypatch.setenv("PARLEY_HOST", "environment")
    monkeypatch.setenv("PARLEY_PORT", "2")
    settings = load(host=None, port=3)
    assert (settings.log_level, settings.host, settings.port) == ("debug", "environment", 3)


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_PORT", "")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert (load().port, load().openai_api_key) == (8000, None)


def test_origins_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_ALLOWED_ORIGINS", "https://a.example/, http://b.example:81 ,")
    assert load().allowed_origins == ("https://a.example", "http://b.example:81")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("PARLEY_HOST=你好\n".encode("utf-16"))
    assert complaint().startswith("The file .env cannot be read: ")


def test_secrets_are_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_SECRET_KEY", LONG)
    monkeypatch.setenv("PARLEY_DATABASE_URL", "mysql://parley:hunter2@db/parley")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hunter2")
    shown = repr(load()) + str(load())
    assert LONG not in shown
    assert "hunter2" not in shown


def test_the_database_is_in_the_data_folder_unless_set(tmp_path: Path) -> None:
    assert load().database == f"sqlite:///{tmp_path}/data/parley.db"
    assert load(database_url=SecretStr("mysql://db/parley")).database == "mysql://db/parley"


class TestSecretKey:
    def test_it_is_made_once_and_readable_by_its_owner_alone(self, tmp_path: Path) -> None:
        settings = load(data_dir=tmp_path / "new" / "data")
        key = secret_key(settings)
        assert len(key) >= 32
        assert secret_key(settings) == key
        assert stat.S_IMODE((settings.data_dir / "secret_key").stat().st_mode) == 0o600
        assert secret_key(load(data_dir=tmp_path / "other")) != key

    def test_all_that_start_at_once_agree(self, tmp_path: Path) -> None:
        many = 8
        for attempt in range(20):
            settings = load(data_dir=tmp_path / str(attempt))
            barrier = Barrier(many)

            def start(settings: Settings = settings, barrier: Barrier = barrier) -> str:
                barrier.wait()
                return secret_key(settings)

            with ThreadPoolExecutor(many) as pool:
                keys = {future.result() for future in [pool.submit(start) for _ in range(many)]}
            assert len(keys) == 1

    def test_a_start_that_broke_off_before_it_was_written(self, tmp_path: Path) -> None:
        (tmp_path / "secret_key").touch()
        assert len(secret_key(load(data_dir=tmp_path))) >= 32

    def test_a_key_that_somebody_wrote(self, tmp_path: Path) -> None:
        path = tmp_path / "secret_key"
        path.write_text(f"{LONG}\n")
        assert secret_key(load(data_dir=tmp_path)) == LONG
        path.write_text("short\n")
        with pytest.raises(StartupError, match="at least 32 characters are expected"):
            secret_key(load(data_dir=tmp_path))

    def test_a_key_that_is_set_leaves_no_file(self, tmp_path: Path) -> None:
        assert secret_key(load(data_dir=tmp_path / "data", secret_key=SecretStr(LONG))) == LONG
        assert not (tmp_path / "data").exists()

    def test_it_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "secret_key").mkdir()
        with pytest.raises(StartupError, match=r"^PARLEY_DATA_DIR: .* cannot be written \(Is a directory\)\.$"):
            secret_key(load(data_dir=tmp_path))


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match=r"^PARLEY_DATA_DIR: .*/file/data cannot be written \(Not a directory\)\.$"):
        make_data_folder(load(data_dir=tmp_path / "file" / "data"))


def test_a_new_data_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path / "new" / "data")
    make_data_folder(settings)
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700

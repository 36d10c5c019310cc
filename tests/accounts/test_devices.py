"""What a device is called, and how it is known again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner

from server.accounts.devices import ACCOUNTS, COOKIE_SECONDS, NAME_CHARS, Device, DeviceCookies, device_name

MOZILLA = "Mozilla/5.0"
KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"{MOZILLA} (Linux; Android 15; Pixel 9) {KIT} Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {KIT} Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {KIT} Chrome/142.0 Safari/537.36 OPR/120.0", "Opera on Windows"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {KIT} Version/19.0 Safari/605.1.15", "Safari on macOS"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 19_0 like Mac OS X) {KIT} Version/19.0 Safari/604.1", "Safari on iPhone"),
        (f"{MOZILLA} (iPad; CPU OS 19_0 like Mac OS X) {KIT} CriOS/142.0 Mobile Safari/604.1", "Chrome on iPad"),
        (f"{MOZILLA} (Linux; Android 15) {KIT} Chrome/130.0 Mobile MicroMessenger/8.0", "WeChat on Android"),
        (f"{MOZILLA} (X11; CrOS x86_64 1) {KIT} Chrome/142.0 Safari/537.36", "Chrome on ChromeOS"),
        (f"{MOZILLA} Firefox/140.0", "Firefox"),
        ("python-httpx/2.16", "python-httpx/2.16"),
        ("curl/8.5.0\t\x07", "curl/8.5.0"),
        ("", "Unknown device"),
        ("\x00", "Unknown device"),
    ],
)
def test_names_of_devices(user_agent: str, words: str) -> None:
    assert device_name(user_agent) == words


@given(st.text(max_size=500))
def test_a_name_always_fits(user_agent: str) -> None:
    name = device_name(user_agent)
    assert 1 <= len(name) <= NAME_CHARS
    assert name.isprintable()


def test_a_cookie_is_read_back() -> None:
    cookies = DeviceCookies("k" * 40)
    device = Device().with_user("u1").with_user("u2").with_user("u1")
    assert device.users == ("u2", "u1")
    assert cookies.read(cookies.write(device)) == device


def test_only_the_latest_accounts_are_kept() -> None:
    device = Device()
    for number in range(ACCOUNTS + 3):
        device = device.with_user(f"u{number}")
    assert device.users == tuple(f"u{number}" for number in range(3, ACCOUNTS + 3))


@pytest.mark.parametrize("cookie", [None, "", "nonsense", "somebody else's"])
def test_what_is_not_ours_is_a_new_device(cookie: str | None) -> None:
    if cookie == "somebody else's":
        cookie = DeviceCookies("x" * 40).write(Device("d", ("u1",)))
    cookies = DeviceCookies("k" * 40)
    one, two = cookies.read(cookie), cookies.read(cookie)
    assert one.users == ()
    assert one.id != two.id


def test_a_cookie_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    cookies = DeviceCookies("k" * 40)
    cookie = cookies.write(Device().with_user("u1"))
    later = TimestampSigner("any").get_timestamp() + COOKIE_SECONDS + 1
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: later)
    assert cookies.read(cookie).users == ()

"""Which pages may act for a person with cookies."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.accounts.credentials import CookieNames, Presented, presented
from server.accounts.origins import Origins
from tests.fixtures.databases import settings_for


def origins(**more: object) -> Origins:
    return Origins(settings_for("sqlite://", Path("unused"), **more))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://chat.example", "chat.example"),
        ("https://chat.example", "chat.example"),
        ("https://Chat.Example:443", "chat.example"),
        ("http://chat.example", "chat.example:80"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_the_page_of_the_same_host(origin: str, host: str) -> None:
    assert origins().allows(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "chat.example"),
        ("", "chat.example"),
        ("null", "chat.example"),
        ("http://evil.example", "chat.example"),
        ("http://chat.example.evil.example", "chat.example"),
        ("http://chat.example:81", "chat.example"),
        ("http://chat.example", "chat.example:8000"),
        ("http://chat.example@evil.example", "chat.example"),
        ("http://chat.example@chat.example", "chat.example"),
        ("file://chat.example", "chat.example"),
        ("chat.example", "chat.example"),
        ("http://[chat.example", "chat.example"),
        ("http://chat.example:99999", "chat.example:99999"),
        ("http://none", None),
        ("http://", ""),
    ],
)
def test_foreign_pages(origin: str | None, host: str | None) -> None:
    assert not origins().allows(origin, host)


def test_the_public_address_and_what_the_operator_allows() -> None:
    ours = origins(public_url="http://chat.example/", allowed_origins="https://a.example, http://b.example:8080")
    for origin in ("http://chat.example", "https://a.example", "http://b.example:8080"):
        assert ours.allows(origin, "10.0.0.1:8000")
    assert not ours.allows("http://a.example", "10.0.0.1:8000")


def test_where_people_come_by_https_a_page_without_it_is_foreign() -> None:
    ours = origins(public_url="https://chat.example")
    assert ours.allows("https://chat.example", "chat.example")
    assert not ours.allows("http://chat.example", "chat.example")


@pytest.mark.parametrize(
    ("authorization", "cookie", "found"),
    [
        (None, None, Presented(None, by_cookie=False)),
        (None, "c", Presented("c", by_cookie=True)),
        ("Bearer b", None, Presented("b", by_cookie=False)),
        ("bearer  b ", "c", Presented("b", by_cookie=False)),
        ("Bearer", "c", Presented("", by_cookie=False)),
        ("Basic dXNlcg==", "c", Presented("c", by_cookie=True)),
    ],
)
def test_bearer_beats_cookie(authorization: str | None, cookie: str | None, found: Presented) -> None:
    headers = {"authorization": authorization} if authorization is not None else {}
    cookies = {"access": cookie} if cookie is not None else {}
    assert presented(headers, cookies, CookieNames.of(secure=False)) == found


def test_behind_https_only_the_prefixed_cookies_are_read() -> None:
    names = CookieNames.of(secure=True)
    assert presented({}, {"access": "planted"}, names).token is None
    assert presented({}, {"__Host-access": "ours", "access": "planted"}, names).token == "ours"

"""Tokens say what they were issued for, for as long as they are good, and can be neither changed nor guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from server.accounts.tokens import Access, AccessTokens, RefreshTokens, fingerprint

KEY = "k" * 40
ACCESS = Access("u1", "s1")


def test_an_access_token_is_read_back() -> None:
    tokens = AccessTokens(KEY, seconds=900)
    assert tokens.read(tokens.issue(ACCESS)) == ACCESS


def test_an_access_token_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = AccessTokens(KEY, seconds=900)
    token = tokens.issue(ACCESS)
    issued = TimestampSigner("any").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: issued + 899)
    assert tokens.read(token) == ACCESS
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: issued + 902)
    assert tokens.read(token) is None


def test_another_key_another_purpose_another_content() -> None:
    tokens = AccessTokens(KEY, seconds=900)
    assert tokens.read(AccessTokens("x" * 40, seconds=900).issue(ACCESS)) is None
    assert tokens.read(URLSafeTimedSerializer(KEY, salt="parley.device").dumps({"user": "u1", "session": "s1"})) is None
    for content in (["u1"], {"user": 1, "session": "s1"}, {"user": "u1", "session": "s1", "role": "admin"}, None):
        assert tokens.read(URLSafeTimedSerializer(KEY, salt="parley.access").dumps(content)) is None


@given(st.text() | st.text(alphabet="abcAB01.-_=", max_size=80))
def test_any_text_is_an_answer_not_an_error(text: str) -> None:
    assert AccessTokens(KEY, seconds=900).read(text) is None


def test_a_successor_is_always_the_same_and_says_nothing_of_the_next_without_the_key() -> None:
    tokens = RefreshTokens(KEY)
    first = tokens.first()
    assert tokens.successor(first) == tokens.successor(first) != first
    assert tokens.successor(first) != RefreshTokens("x" * 40).successor(first)
    assert len(tokens.successor(first)) == len(first) == 43
    assert len(fingerprint(first)) == 64

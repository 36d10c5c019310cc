"""What may be registered, and which names are the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.accounts import names
from server.errors import Invalid


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada@Example.ORG ", "ada@example.org"),
        ("a@b", "a@b"),
        ("用户@例子.公司", "用户@例子.公司"),
        ("first.last+tag@sub.example.co.uk", "first.last+tag@sub.example.co.uk"),
        ("a@" + "b" * 252, "a@" + "b" * 252),
    ],
)
def test_plausible_addresses(typed: str, kept: str) -> None:
    assert names.email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "@", "a@", "@b", "a", "a@b@c", "a b@c", "a@b..c", "a@.b", "a@b.", "a@b\u200b", "a\x00@b", "a@" + "b" * 253],
)
def test_implausible_addresses(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        names.email(typed)
    assert caught.value.field == "email"


@pytest.mark.parametrize("typed", ["Al", "小明", "Zoë", "Владимир", "محمد", "a b-c_d.e'f", "한국어", "x" * 40, "👩 ok"])
def test_any_script(typed: str) -> None:
    assert names.username(typed) == unicodedata.normalize("NFC", typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a",
        "x" * 41,
        "a@b",
        "a＠b",
        "a\x00b",
        "a\nb",
        "a\u200bb",
        "a\u202eb",
        "a\u2066b",
        "a\u00adb",
        "a\u00a0b",
        "\u3164\u3164",
        "a\ufe0fb",
        "a\U000e0041b",
        "a\ufeffb",
        "a\ue000b",
        "\ufdfa" * 10,
        "a\u2028b",
    ],
)
def test_names_that_are_refused(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        names.username(typed)
    assert caught.value.field == "username"


@pytest.mark.parametrize(
    "group",
    [
        ["Alice", "ALICE", "ａｌｉｃｅ", " alice "],
        ["Straße", "STRASSE"],
        ["Zoe\u0308", "zo\u00eb"],
        ["ﬁn", "FIN"],
        ["a  b", "A b"],
    ],
)
def test_names_that_are_one_name(group: list[str]) -> None:
    assert len({names.username_key(name) for name in group}) == 1


@given(st.text(max_size=50))
def test_a_name_that_is_kept_finds_itself_again(typed: str) -> None:
    """Whatever is registered can be logged in with, as shown, as typed and in capitals that fold back."""
    try:
        name = names.username(typed)
    except Invalid:
        return
    assert names.username(name) == name
    assert names.login_key(name) == names.login_key(typed) == names.username_key(name)
    assert names.username_key(names.username_key(name)) == names.username_key(name)


@given(st.text(max_size=300))
def test_an_address_that_is_kept_finds_itself_again(typed: str) -> None:
    try:
        address = names.email(typed)
    except Invalid:
        return
    assert names.email(address) == address == names.login_key(address)
    assert len(address) <= names.EMAIL_CHARS


@pytest.mark.parametrize("length", [0, 7, 1025])
def test_passwords_of_another_length(length: int) -> None:
    with pytest.raises(Invalid) as caught:
        names.password("x" * length, field="new_password")
    assert caught.value.field == "new_password"


def test_a_password_is_kept_as_it_is() -> None:
    assert names.password("  密码 pass  ") == "  密码 pass  "


def test_a_login_that_no_account_can_have_is_not_looked_up() -> None:
    with pytest.raises(Invalid) as caught:
        names.login_key("x" * 255)
    assert caught.value.field == "login"

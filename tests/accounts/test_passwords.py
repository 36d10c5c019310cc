"""Hashes depend on the whole password, and an account that does not exist costs the same."""

from __future__ import annotations

import pytest

from server.accounts.passwords import Passwords
from tests.fixtures.accounts import Comparisons

pytestmark = pytest.mark.anyio


async def test_the_right_one_and_a_wrong_one() -> None:
    passwords = Passwords(rounds=4)
    password_hash = await passwords.hash("correct horse")
    assert len(password_hash) == 60
    assert await passwords.verify("correct horse", password_hash)
    assert not await passwords.verify("correct Horse", password_hash)


async def test_what_comes_after_72_bytes_counts() -> None:
    passwords = Passwords(rounds=4)
    password_hash = await passwords.hash("密" * 100 + "a")
    assert not await passwords.verify("密" * 100 + "b", password_hash)


async def test_the_same_characters_typed_in_another_way() -> None:
    passwords = Passwords(rounds=4)
    assert await passwords.verify("cafe\u0301 time", await passwords.hash("caf\u00e9 time"))


@pytest.mark.parametrize("rounds", [4, 5])
async def test_no_account_costs_what_an_account_costs(rounds: int, comparisons: Comparisons) -> None:
    passwords = Passwords(rounds)
    await passwords.verify("wrong", await passwords.hash("right"))
    assert not await passwords.verify("wrong", None)
    assert comparisons.costs == [f"$2b${rounds:02}$"] * 2

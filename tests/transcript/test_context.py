"""The model reads the system prompt and the newest whole turns: what fits, and never less than the newest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.transcript.context import MESSAGE_TOKENS, ModelMessage, estimate_tokens, fit

conversations = st.lists(
    st.builds(
        ModelMessage, st.sampled_from(["user", "assistant", "user", "assistant", "system"]), st.text(max_size=80)
    ),
    max_size=30,
)


def cost(messages: list[ModelMessage]) -> int:
    return sum(estimate_tokens(message.text) + MESSAGE_TOKENS for message in messages)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # Counted with tiktoken: the higher of cl100k_base and o200k_base.
        ("Please explain why database transactions should be short, with an example.", 13),
        ("实时聊天服务器的回答属于服务器，而不属于提问的那个标签页。", 30),
        ("このサーバーでは、回答はタブではなくサーバーに属します。", 25),
        ("이 서버에서 답변은 탭이 아니라 서버에 속합니다.", 22),
        ("Этот сервер хранит ответы у себя, а не во вкладке браузера.", 28),
        ("for i in range(10):\n    print(f'{i:>3}')\n", 16),
        ("", 0),
    ],
)
def test_the_estimate_is_not_below_the_count_and_not_far_above(text: str, tokens: int) -> None:
    assert tokens <= estimate_tokens(text) <= 2.6 * tokens


@given(st.text(), st.text())
def test_a_longer_text_is_never_cheaper(left: str, right: str) -> None:
    assert estimate_tokens(left + right) >= max(estimate_tokens(left), estimate_tokens(right))


def test_the_oldest_turns_go_first_and_whole() -> None:
    turns = [ModelMessage("user", "question " * 50), ModelMessage("assistant", "answer " * 50)] * 4
    newest = ModelMessage("user", "and now?")
    window = cost([*turns[:4], newest]) + 100
    assert fit([*turns, newest], system_prompt="", window=window, reserve=100) == [*turns[:4], newest]
    assert fit([*turns, newest], system_prompt="", window=window - 1, reserve=100) == [*turns[:2], newest]


def test_the_newest_question_stays_even_when_it_is_too_long() -> None:
    messages = [ModelMessage("user", "old"), ModelMessage("assistant", "old"), ModelMessage("user", "x" * 10_000)]
    fitted = fit(messages, system_prompt="Be brief.", window=100, reserve=50)
    assert fitted == [ModelMessage("system", "Be brief."), messages[-1]]


def test_a_failed_answer_leaves_no_empty_message() -> None:
    messages = [ModelMessage("user", "a"), ModelMessage("assistant", " \n"), ModelMessage("user", "b")]
    assert fit(messages, system_prompt=" ", window=1000, reserve=0) == [messages[0], messages[2]]


def test_an_answer_that_is_continued_stays_with_its_question() -> None:
    messages = [ModelMessage("user", "a"), ModelMessage("assistant", "half an ans")]
    assert fit(messages, system_prompt="", window=1, reserve=0) == messages


@given(conversations, st.text(max_size=40), st.integers(0, 400), st.integers(0, 100))
def test_what_is_kept(messages: list[ModelMessage], system_prompt: str, window: int, reserve: int) -> None:
    """System prompt first; then a run of the end of the conversation, within the window if it is more than one turn."""
    fitted = fit(messages, system_prompt=system_prompt, window=window, reserve=reserve)
    if system_prompt.strip():
        assert fitted[0] == ModelMessage("system", system_prompt)
    rest = fitted[1:] if system_prompt.strip() else fitted
    spoken = [message for message in messages if message.role != "assistant" or message.text.strip()]
    assert rest == spoken[len(spoken) - len(rest) :]
    assert not rest or rest[0].role != "assistant"
    users = [message for message in messages if message.role == "user"]
    if users:
        assert users[-1] in rest
    if sum(message.role == "user" for message in rest) > 1:
        assert cost(fitted) <= window - reserve

"""The demo model says that it is one, answers in the language of the question, and can be long, slow and broken."""

from __future__ import annotations

import pytest

from server.errors import UpstreamError
from server.llm.base import Delta, Finish, ModelMessage, ModelRequest
from server.llm.demo import DemoModel, perform, title

pytestmark = pytest.mark.anyio


async def play(text: str, **given: int) -> list[Delta | Finish]:
    request = ModelRequest([ModelMessage("user", text)], max_tokens=given.get("max_tokens"))
    return [part async for part in DemoModel(pace=0).stream(request)]


def written(parts: list[Delta | Finish], part: str = "answer") -> str:
    return "".join(delta.text for delta in parts if isinstance(delta, Delta) and delta.part == part)


def seconds(text: str) -> float:
    performance = perform([ModelMessage("user", text)])
    return performance.first_seconds + (len(performance.thoughts) + len(performance.pieces)) / performance.rate


@pytest.mark.parametrize(
    ("question", "words", "commands"),
    [
        ("How tall is Mont Blanc?", ["demo", "No language model"], ["/long", "/slow", "/fail", "/think", "/draw"]),
        ("勃朗峰有多高？", ["演示", "没有语言模型"], ["/长", "/慢", "/失败", "/思考", "/画图"]),
    ],
)
async def test_an_answer_holds_one_of_everything(question: str, words: list[str], commands: list[str]) -> None:
    parts = await play(question)
    text = written(parts)
    for needed in [question, *words, *(f"`{command}`" for command in commands), "OPENAI_API_KEY", "OPENAI_BASE_URL"]:
        assert needed in text
    for markdown in ("## ", "\n1. ", "\n```python\n", "\n|---|---|\n", r"\( e^", "\n$$", "- [x]", "Ollama", "**"):
        assert markdown in text
    assert "\\\n" not in text
    assert isinstance(parts[-1], Finish)
    assert parts[-1].reason == "stop"
    assert parts == await play(question)


async def test_the_question_is_quoted_without_its_markdown_and_not_whole() -> None:
    text = written(await play("/think what is `x` | **y**?\n# no {intro} heading\n" + "z" * 500))
    assert "\n> what is \\`x\\` \\| \\*\\*y\\*\\*? \\# no {intro} heading zzz" in text
    assert "z" * 150 not in text


@pytest.mark.parametrize("command", ["/long", "/长"])
async def test_long(command: str) -> None:
    assert len(written(await play(f"{command} please"))) > 3000
    assert 45 < seconds(f"{command} please") < 75


@pytest.mark.parametrize("command", ["/slow", "/慢", "/Slow"])
async def test_slow(command: str) -> None:
    assert perform([ModelMessage("user", command)]).first_seconds == 5
    assert 20 < seconds(command) < 30


@pytest.mark.parametrize("command", ["/fail", "/失败"])
async def test_fail(command: str) -> None:
    parts: list[Delta | Finish] = []

    async def collect() -> None:
        async for part in DemoModel(pace=0).stream(ModelRequest([ModelMessage("user", command)])):
            parts.append(part)  # noqa: PERF401 - what came before the error is wanted

    with pytest.raises(UpstreamError) as raised:
        await collect()
    assert raised.value.reason == "unavailable"
    assert len(written(parts)) > 100
    assert not any(isinstance(part, Finish) for part in parts)


@pytest.mark.parametrize("command", ["/think", "/思考"])
async def test_think(command: str) -> None:
    parts = [part for part in await play(command) if isinstance(part, Delta)]
    kinds = [part.part for part in parts]
    assert kinds == ["reasoning"] * kinds.count("reasoning") + ["answer"] * kinds.count("answer")
    assert len(written([*parts], "reasoning")) > 50
    assert "`/" in written([*parts])


@pytest.mark.parametrize("command", ["/draw", "/画图"])
async def test_draw(command: str) -> None:
    assert "\n```mermaid\nflowchart TD\n" in written(await play(f"{command} tides"))


@pytest.mark.parametrize("text", ["see /usr/long/x", "a/slow", "/failure", "//long"])
async def test_what_only_looks_like_a_command(text: str) -> None:
    assert seconds(text) < 10
    assert (await play(text))[-1]


def test_an_ordinary_answer_comes_at_reading_speed() -> None:
    assert perform([ModelMessage("user", "hi")]).first_seconds < 1
    assert 30 <= perform([ModelMessage("user", "hi")]).rate <= 50


async def test_max_tokens_cuts_the_answer() -> None:
    parts = await play("hello", max_tokens=5)
    assert isinstance(parts[-1], Finish)
    assert (parts[-1].reason, parts[-1].completion_tokens, len(parts)) == ("length", 5, 6)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How do I write a parser in Rust? It should be fast.", "How do I write a parser"),
        ("/长 请写一篇关于数据库的文章。谢谢", "请写一篇关于数据库的文章"),
        ("/slow", "A look at the demo"),
        ("/慢", "看看演示"),
        ("", "A look at the demo"),
    ],
)
async def test_a_title_is_the_first_words_of_the_first_question(question: str, expected: str) -> None:
    messages = [ModelMessage("user", question), ModelMessage("assistant", "…"), ModelMessage("user", "Write a title.")]
    assert "".join(title(messages).pieces) == expected
    request = ModelRequest(messages, purpose="title")
    assert written([part async for part in DemoModel(pace=0).stream(request)]) == expected


@pytest.mark.parametrize("command", ["Why are there tides?", "/fail", "/失败", "/long 潮汐"])
async def test_it_goes_on_where_it_stopped(command: str) -> None:
    """And what failed does not fail again."""
    question = ModelMessage("user", command)
    whole = "".join(perform([question], may_fail=False).pieces)
    for end in (1, len(whole) // 3, len(whole)):
        said = ModelMessage("assistant", whole[:end])
        request = ModelRequest([question, said], purpose="continuation")
        assert whole[:end] + written([part async for part in DemoModel(pace=0).stream(request)]) == whole

"""What pages and files say that were made for somebody without our client, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from server.protocol.codes import Status

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Words:
    lang: str
    you: str
    """Whoever asked, in a file of their own."""
    asker: str
    """The same, on a page for others."""
    assistant: str
    system: str
    thoughts: str
    untitled: str
    empty: str
    endings: dict[Status, str]
    live: str
    """The answer is being written; the page renews itself."""
    pause: str
    paused: str
    resume: str
    shared: str
    gone_title: str
    gone: str

    def when(self, moment: datetime) -> str:
        return f"{moment:%Y-%m-%d %H:%M} UTC"


ENGLISH = Words(
    lang="en",
    you="You",
    asker="Question",
    assistant="Assistant",
    system="System",
    thoughts="Thoughts",
    untitled="Conversation",
    empty="There is nothing in this conversation yet.",
    endings={
        Status.PENDING: "This answer was still being written.",
        Status.STREAMING: "This answer was still being written.",
        Status.STOPPED: "This answer was stopped.",
        Status.FAILED: "This answer could not be finished.",
        Status.INTERRUPTED: "The server was interrupted while it wrote this answer.",
        Status.TRUNCATED: "The answer reached its length limit and ends here.",
    },
    live="The answer is still being written. This page renews itself.",
    pause="Pause",
    paused="The answer is still being written. This page stands still.",
    resume="Go on",
    shared="A shared conversation. It shows what its owner sees now, and answers of a language model can be wrong.",
    gone_title="There is nothing here",
    gone="This link does not exist, has expired, or was taken back by whoever shared it.",
)
CHINESE = Words(
    lang="zh-CN",
    you="我",
    asker="提问",
    assistant="助手",
    system="系统",
    thoughts="思考过程",
    untitled="对话",
    empty="这个对话还没有内容。",
    endings={
        Status.PENDING: "这个回答当时还在生成。",
        Status.STREAMING: "这个回答当时还在生成。",
        Status.STOPPED: "这个回答已被停止。",
        Status.FAILED: "这个回答没能完成。",
        Status.INTERRUPTED: "服务器在生成这个回答时中断了。",
        Status.TRUNCATED: "回答达到了长度上限，到此为止。",
    },
    live="回答仍在生成，本页会自动更新。",
    pause="暂停更新",
    paused="回答仍在生成，本页已暂停更新。",
    resume="继续更新",
    shared="这是一段分享的对话，内容与其主人现在看到的相同。语言模型的回答可能有误。",
    gone_title="这里什么都没有",
    gone="这个链接不存在、已过期，或已被分享者收回。",
)


def words(language: Language) -> Words:
    return CHINESE if language == "zh" else ENGLISH


def preferred(accept_language: str) -> Language:
    """Of ``Accept-Language``: whichever of ours it likes best, and English where it likes neither."""
    best: tuple[float, Language] = (0.0, "en")
    for part in accept_language.lower().split(","):
        name, _, quality = part.replace(" ", "").partition(";q=")
        language: Language | None = "zh" if name.split("-")[0] == "zh" else "en" if name.startswith("en") else None
        try:
            liked = float(quality or 1)
        except ValueError:
            continue
        if language is not None and liked > best[0]:
            best = (liked, language)
    return best[1]

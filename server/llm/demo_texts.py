"""What the demo model says, in both languages. Markdown with one of everything that an answer can hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """``answer``, ``slow`` and ``drawing`` hold a place for the question, ``answer`` one for ``intro`` as well."""

    intro: str
    answer: str
    slow: str
    drawing: str
    thoughts: str
    long_title: str
    long_paragraphs: tuple[tuple[str, str], ...]
    """Headings and what stands under them."""
    failure: str
    no_title: str
    no_question: str


ENGLISH = Texts(
    intro=(
        "I cannot answer that: I am Parley's built-in **demo model**. No language model is thinking "
        "here; I stream a fixed text, so that you can see what an answer looks like while it grows."
    ),
    answer=r"""## This is a demo

> {question}

{intro}

### Connecting a real model

1. Set `OPENAI_API_KEY` and start Parley again. For any other OpenAI-compatible server, also set `OPENAI_BASE_URL`.
2. Or start [Ollama](https://ollama.com) on this machine: Parley finds it by itself within seconds.

### What you can try meanwhile

| Put this in a message | What happens |
|---|---|
| `/long` | a long answer: scroll, reload the page, open a second tab |
| `/slow` | a long wait, then a word at a time: press stop |
| `/fail` | the answer breaks off: read the error, try again |
| `/think` | thoughts first, then the answer |
| `/draw` | a diagram, which is drawn when it is complete |

### What an answer can hold

Code with its colours:

```python
def fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
```

Mathematics in a line, \( e^{i\pi} + 1 = 0 \), or on its own:

$$\sum_{k=1}^{n} k = \frac{n(n+1)}{2}$$

And lists, with **bold**, *italic* and ~~deleted~~ words:

- [x] ask something
- [ ] connect a real model
""",
    slow="""This is Parley's **demo model**, being slow because your message says `/slow`.

> {question}

Each word takes its time. You can press *stop* now and keep what is here, close this tab and open it again later, or \
write to another conversation meanwhile: the answer belongs to the server and goes on.
""",
    drawing="""> {question}

This is how Parley's **demo model** answers everything:

```mermaid
flowchart TD
    question([Your question]) --> stored[(Stored)]
    stored --> command{A command in it?}
    command -- "/think" --> thoughts[Pretend to think]
    command -- no --> answer
    thoughts --> answer[Say the one text that I know]
    answer --> tabs([Every tab shows it])
```

Its source is behind the button above it, and a click opens it large.
""",
    thoughts="""The user would like to see thoughts. I am a demo and have none of my own, so I will pretend: first \
I look at the question, then I remember that I know only one text, and at last I decide to show that one, with a table \
in it.
""",
    long_title="A long demo answer",
    long_paragraphs=(
        (
            "The question is kept",
            "Before anything else happens, your question and a place for the answer are written to the "
            "database, in one transaction. Only then does the page hear that it was sent. If the power fails "
            "right after, both are still there when it returns, and the question need not be typed again.",
        ),
        (
            "The answer belongs to the server",
            "The task that reads the model's words runs in the server, not in a browser tab. Nobody has to "
            "watch it. A tab that is closed takes nothing away, and one that is opened later shows all that "
            "has been said so far and then grows along with the rest.",
        ),
        (
            "Every piece has a place",
            "What arrives is appended to a log, and each entry has a number. A tab that loses its connection "
            "remembers the last number that it saw. When it is back it asks for what came after, so that no "
            "word is missing and none is shown twice.",
        ),
        (
            "Slow readers delay nobody",
            "A phone on a train may take what it can get: fewer messages, each with more in it. The others "
            "do not wait for it. What it has been sent is compared with what there is, and it gets the "
            "difference as soon as there is room on the line.",
        ),
        (
            "Markdown while it grows",
            "The text is rendered on the server, block by block. A block that is complete is never touched "
            "again; only the last one, still open, is drawn anew. That is why a selection in an earlier "
            "paragraph survives, and why a long answer does not get slower towards its end.",
        ),
        (
            "Stopping",
            "Stop works from every tab and every device, whichever of them asked. The connection to the "
            "model is cut at once, so that nothing more is paid for, and what was written stays as it is, "
            "marked as stopped.",
        ),
        (
            "When something breaks",
            "A model that is not there, a key that has run out, a line that goes dead in the middle of a "
            "word: each ends the answer with a reason that a person can act on. What had arrived is kept, "
            "and the question can be asked again with one click.",
        ),
        (
            "Going back",
            "Editing a question or asking for another answer overwrites nothing. Both versions stay, side by "
            "side, and the arrows under the message lead from one to the other. A conversation is a tree, of "
            "which you see one branch at a time.",
        ),
    ),
    failure="The demo model broke off because the message says /fail. Ask again without it.",
    no_title="A look at the demo",
    no_question="(nothing but a command)",
)

CHINESE = Texts(
    intro=(
        "这个问题我答不了：我是 Parley 自带的**演示模型**。这里没有语言模型在思考，我只是把一段固定的文字"
        "一点一点发出来，让你看看回答生成时的样子。"
    ),
    answer=r"""## 这是演示

> {question}

{intro}

### 接入真正的模型

1. 设置 `OPENAI_API_KEY`，然后重新启动 Parley。其他兼容 OpenAI 的服务，再设置 `OPENAI_BASE_URL` 即可。
2. 或者在本机启动 [Ollama](https://ollama.com)：Parley 几秒之内就会自己找到它。

### 现在可以试试

| 在消息里写 | 会发生什么 |
|---|---|
| `/长` | 一个很长的回答：可以滚动、刷新页面、再开一个标签页 |
| `/慢` | 先等很久，再一个词一个词地出来：可以按停止 |
| `/失败` | 回答中途断开：看看错误提示，再试一次 |
| `/思考` | 先思考，再回答 |
| `/画图` | 一张图表，写完时画出来 |

### 回答里可以有什么

带高亮的代码：

```python
def fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
```

行内公式 \( e^{i\pi} + 1 = 0 \)，或者单独成行：

$$\sum_{k=1}^{n} k = \frac{n(n+1)}{2}$$

还有列表，以及**加粗**、*斜体*和~~删除线~~：

- [x] 提一个问题
- [ ] 接入真正的模型
""",
    slow="""我是 Parley 的**演示模型**，因为消息里写了 `/慢`，所以说得很慢。

> {question}

每个词都要等一等。现在可以按“停止”，已有的文字会保留；也可以关掉这个标签页，过一会儿再打开。回答属于服务器，会继续写完。
""",
    drawing="""> {question}

Parley 的**演示模型**就是这样回答所有问题的：

```mermaid
flowchart TD
    question([你的问题]) --> stored[(已保存)]
    stored --> command{里面有命令吗？}
    command -- "/思考" --> thoughts[假装想一想]
    command -- 没有 --> answer
    thoughts --> answer[说出唯一会说的那段话]
    answer --> tabs([每个标签页都看得到])
```

点上方的按钮可以看源代码，点图可以放大。
""",
    thoughts="""用户想看看思考的过程。我只是演示，没有自己的想法，那就装一装：先看看问题，再想起自己只会一段文字，\
最后决定把它展示出来，里面还有一张表格。
""",
    long_title="一个很长的演示回答",
    long_paragraphs=(
        (
            "问题已经保存",
            "在做任何事情之前，你的问题和回答的位置会在同一个事务里写进数据库，然后页面才会得到“已发送”的确认"
            "。即使紧接着断电，恢复之后两者都还在，不需要重新输入。数据库里的内容才是事实，其他一切都可以由它"
            "重新得到。",
        ),
        (
            "回答属于服务器",
            "读取模型输出的任务运行在服务器上，而不是在某个浏览器标签页里，不需要有人一直看着。关掉标签页不会"
            "带走任何东西；之后再打开，已经说过的内容会全部显示出来，然后继续跟着生成，直到最后一个字。",
        ),
        (
            "每一段都有位置",
            "到达的内容会追加到日志里，每一条都有编号。失去连接的标签页记得自己看到的最后一个编号，重新连上之"
            "后，只要求后面的部分，所以不会漏掉一个字，也不会重复显示。网络断开多少次，结果都一样。",
        ),
        (
            "慢的读者不拖累别人",
            "火车上的手机能收多少就收多少：消息少一些，每条长一些，其他人不必等它。服务器比较“已经发给它的”和"
            "“现在有的”，线路一有空就把差别一次发过去。屏幕上的文字始终是完整的，只是来得没有那么频繁。",
        ),
        (
            "一边生成一边排版",
            "文字在服务器上逐块排版。已经完整的块不会再动，只有最后一个还没结束的块会重画。所以在前面选中的文"
            "字不会丢失，很长的回答到后面也不会变慢。表格、代码和公式在完成的时候就显示成最终的样子。",
        ),
        (
            "停止",
            "在任何标签页、任何设备上都可以停止，不管是哪一个提的问题。与模型的连接会立刻断开，不再产生费用；"
            "已经写出来的内容原样保留，并且标明是被停止的，之后可以随时再问一次。",
        ),
        (
            "出了问题的时候",
            "模型不在、额度用完、说到一半线路断了：每一种情况都会给出一个看得懂、可以处理的原因，然后结束回答"
            "。已经到达的部分会保留，点一下就可以重新提问，不用再输入一遍。",
        ),
        (
            "回到从前",
            "修改问题，或者要求另一个回答，都不会覆盖原来的内容。两个版本并排保留，用消息下面的箭头可以来回切"
            "换。一个对话是一棵树，每次看到的是其中一个分支，其余的都还在那里。",
        ),
    ),
    failure="演示模型在中途断开了，因为消息里写了 /失败。去掉它再问一次即可。",
    no_title="看看演示",
    no_question="（只有一个命令）",
)

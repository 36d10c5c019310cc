"""What is asked and answered in the scenes."""

from __future__ import annotations

TIDES = r"""The moon pulls on the near side of the Earth **more strongly** than on its centre, and on the far side *less*. What
is left over stretches the oceans along the line towards the moon: one bulge faces it, one faces away.

| place | tidal range | highest at |
|---|---|---|
| Bay of Fundy | 16.3 m | spring tide |
| Mont-Saint-Michel | 14.0 m | equinox |
| Venice | 1.0 m | scirocco |

The Earth turns beneath both bulges once a day, so a coast meets **two high tides**, a little more than 12 hours apart. The
force falls with the cube of the distance:

$$a_{\text{tide}} \approx \frac{2 G M r}{d^{3}}$$

- The sun does the same, with \(46\,\%\) of the moon's strength.
- When both pull in a line, there is a *spring tide*; at a right angle a *neap tide*.
"""

TIDES_ZH = r"""月球对地球**近侧**的引力比对地心的强，对*远侧*的则更弱。两者之差沿着地月连线把海水拉长：一个隆起朝向月球，一个背向月球。

| 地点 | 潮差 | 最高时 |
|---|---|---|
| 芬迪湾 | 16.3 米 | 大潮 |
| 圣米歇尔山 | 14.0 米 | 春秋分 |
| 钱塘江 | 8.9 米 | 农历八月十八 |

地球每天在两个隆起之下转过一圈，所以海边会遇到**两次涨潮**，相隔十二个多小时。引潮力与距离的立方成反比：

$$a_{\text{潮}} \approx \frac{2 G M r}{d^{3}}$$

- 太阳也有同样的作用，强度约为月球的 \(46\,\%\)。
- 日月成一线时为*大潮*，成直角时为*小潮*。**注意：**海岸的形状也很重要。
"""

CODE = """The force of the moon on a kilogram of sea water, with nothing but the standard library:

```python
from math import pi

G = 6.674e-11  # m³ / (kg s²)


def tide(mass: float, distance: float, radius: float = 6.371e6) -> float:
    \"\"\"The acceleration of the tide, in m/s².\"\"\"
    return 2 * G * mass * radius / distance**3


print(f"moon {tide(7.35e22, 3.84e8):.2e}, sun {tide(1.99e30, 1.496e11):.2e}")
```

It prints `moon 1.10e-06, sun 5.05e-07`: about a ten-millionth of `g`.
"""

CODE_ZH = CODE.replace(
    "The force of the moon on a kilogram of sea water, with nothing but the standard library:",
    "月球对一千克海水的引潮力，只用标准库：",
).replace(
    "It prints `moon 1.10e-06, sun 5.05e-07`: about a ten-millionth of `g`.",
    "输出为 `moon 1.10e-06, sun 5.05e-07`，大约是 `g` 的千万分之一。",
)

EVERYTHING = r"""# A heading

## A smaller one

### And a smaller one still

Words that are **bold**, *italic*, ~~struck~~ or `code`, a [link](https://example.org) and a footnote.[^1]

> A quotation of two sentences. This is the second one, and it is long enough to go on in another line of the page.

1. first
2. second
   - with a list inside
   - of two
3. third

- [x] a task that is done
- [ ] one that is not

| a | wide | table | with | many | columns | that | do | not | fit |
|---|---|---|---|---|---|---|---|---|---|
| 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |
| one | two | three | four | five | six | seven | eight | nine | ten |

```typescript
export async function* words(stream: ReadableStream<string>): AsyncGenerator<string> {
  // A line that is longer than a phone is wide, so that it has to scroll inside its own frame and nowhere else
  for await (const chunk of stream) yield* chunk.split(/\s+/);
}
```

```diff
- what was
+ what is
```

Mathematics in a line, \( e^{i\pi} + 1 = 0 \), and on its own:

$$\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi} \qquad \sum_{k=1}^{n} k = \frac{n(n+1)}{2} \qquad \begin{pmatrix} a & b \\ c & d \end{pmatrix}$$

It costs $5, not $6.

---

[^1]: Here it is.
"""

EVERYTHING_ZH = (
    EVERYTHING.replace("A heading", "标题")
    .replace("A smaller one", "小一级的标题")
    .replace("And a smaller one still", "再小一级的标题")
    .replace(
        "Words that are **bold**, *italic*, ~~struck~~ or `code`, a [link]",
        "**粗体**、*斜体*、~~删除线~~、`代码`、[链接]",
    )
    .replace(" and a footnote.", "和脚注。")
    .replace(
        "A quotation of two sentences. This is the second one, and it is long enough to go on in another line of the page.",
        "一段引文，有两句话。这是第二句，它足够长，会在页面上另起一行继续下去，好看看换行的样子。",
    )
)

DIAGRAM = """Like this:

```mermaid
flowchart TD
    gauge[(Years of a tide gauge)] --> split[Take the sum of waves apart]
    split --> waves{One wave for each<br/>motion of sun and moon}
    waves -- strong --> keep[Keep it]
    waves -- lost in the noise --> drop[Leave it out]
    keep --> sum([Add the waves up, for any day])
    style drop fill:#ffd7d7,stroke:#b42318
```

Sixty waves are enough for most harbours.
"""

DIAGRAM_ZH = """是这样的：

```mermaid
flowchart TD
    gauge[(验潮站多年的记录)] --> split[把波的总和拆开]
    split --> waves{太阳和月亮的每一种运动<br/>各有一个波}
    waves -- 很强 --> keep[保留]
    waves -- 淹没在噪声里 --> drop[舍去]
    keep --> sum([把这些波加起来，就得到任何一天的潮汐])
    style drop fill:#ffd7d7,stroke:#b42318
```

对大多数港口来说，六十个波就够了。
"""

DIAGRAMS = """```mermaid
sequenceDiagram
    participant Moon
    participant Sea
    participant Harbour
    Moon->>Sea: pulls
    Note over Sea: a bulge on either side
    Sea-->>Harbour: high water
    loop twice a day
        Harbour->>Harbour: ships leave
    end
```

```mermaid
gantt
    dateFormat HH:mm
    axisFormat %H:%M
    section Harbour
        Rising : 00:10, 6h
        Falling : 06:10, 6h
    section Ships
        Loading : 01:00, 4h
        Leaving : crit, 05:30, 1h
```

```mermaid
flowchart LR
    this --> is --> [not closed
```
"""

DIAGRAMS_ZH = (
    DIAGRAMS.replace("Moon", "月亮")
    .replace("Sea", "海")
    .replace("Harbour", "港口")
    .replace("pulls", "吸引")
    .replace("a bulge on either side", "两侧各有一个隆起")
    .replace("high water", "高潮")
    .replace("twice a day", "每天两次")
    .replace("ships leave", "船只出港")
    .replace("Rising", "涨潮")
    .replace("Falling", "落潮")
    .replace("section Ships", "section 船只")
    .replace("Loading", "装货")
    .replace("Leaving", "出港")
)

THOUGHTS = """The user asks how many times the letter r occurs. I spell the word: s, t, **r**, a, w, b, e, **r**, **r**, y.

So there is one in *straw* and there are two in *berry*.
"""

THOUGHTS_ZH = """用户问字母 r 出现了几次。我把单词逐个字母拼出来：s、t、**r**、a、w、b、e、**r**、**r**、y。

所以 *straw* 里有一个，*berry* 里有两个。
"""

HALF = """Once upon a time a lighthouse stood where the land ends. Its keeper had two clocks, and neither of them told the time
that the ships kept.

One evening, as the fog came in, she heard"""

HALF_ZH = """从前，在陆地的尽头立着一座灯塔。守塔人有两只钟，可哪一只都和船上的时间对不上。

一天傍晚，雾漫了上来，她听见"""

ARABIC = """تسحب جاذبية القمر **الجانب القريب** من الأرض أكثر من مركزها، ولذلك يرتفع الماء في جهتين متقابلتين.

1. الجهة المقابلة للقمر
2. الجهة البعيدة عنه

> يدور كوكبنا تحت هذين الارتفاعين مرة كل يوم.

| المكان | المدى |
|---|---|
| خليج فندي | 16.3 م |
| البندقية | 1.0 م |

```python
print("المد والجزر")
```
"""

LONG_WORDS = (
    """`"""
    + "x" * 180
    + """`

"""
    + "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz" * 3
    + """

很长很长没有任何标点也没有任何空格的一行中文用来看看换行是不是正常因为中文可以在任何地方换行但是不应该溢出页面的边缘

https://example.org/"""
    + "segment/" * 30
    + """
"""
)

LETTER = """Dear Professor,

thank you for the notes on the tides. I have read them twice, and I wonder about the second bulge: is it the centrifugal
force, as some books say, or only what is left of gravity once the free fall of the whole Earth is taken away?

With kind regards
"""

LETTER_ZH = """尊敬的教授：

谢谢您关于潮汐的讲义。我读了两遍，对第二个隆起仍有疑问：它究竟像有些书里说的那样来自离心力，还是只是扣除整个地球的自由下落之后剩下的引力？

此致
敬礼
"""

// @vitest-environment happy-dom
import { richText } from "@/composables/answerText";
import { diagramsIn, enhance, toggleWrapping } from "@/composables/enhance";
import { keepUnchanged, toExchanges } from "@/composables/exchanges";
import { cutLike } from "@/composables/useAnswerBlocks";
import type { ConversationSnapshot, Message, Role } from "@/protocol/frames.gen";
import type { Outgoing } from "@/stores/outgoing";
import { describe, expect, it } from "vitest";

const labels = {
  code: "Code",
  copy: "Copy",
  copyCode: "Copy code",
  wrap: "Wrap",
  wrapCode: "Wrap long lines",
  table: "Table",
};

function block(html: string): HTMLElement {
  const element = document.createElement("div");
  element.innerHTML = html;
  return element;
}

describe("a finished answer", () => {
  it("is cut where its blocks were, so that their DOM stays", () => {
    expect(cutLike(["<p>a</p>", "<p>b</p>"], "<p>a</p><p>b</p>")).toEqual(["<p>a</p>", "<p>b</p>"]);
    expect(cutLike(["<p>a</p>", "<p>b</p>"], "<p>a</p><p>bc</p><p>d</p>")).toEqual(["<p>a</p>", "<p>bc</p><p>d</p>"]);
    expect(cutLike([], "<p>a</p>")).toEqual(["<p>a</p>"]);
    expect(cutLike(["<p>a</p>"], "")).toEqual([]);
  });
});

describe("enhance", () => {
  it("gives code a head, and only one however often it is called", () => {
    const element = block('<pre><code class="language-python">x = 1\n</code></pre>');
    enhance(element, labels);
    enhance(element, { ...labels, copy: "复制", copyCode: "复制代码" });
    expect(element.querySelectorAll(".code-head")).toHaveLength(1);
    expect(element.querySelector(".code-language")?.textContent).toBe("python");
    const button = element.querySelector(".code-copy");
    expect(button?.textContent).toBe("复制");
    expect(button?.getAttribute("aria-label")).toBe("复制代码");
    expect(element.querySelector("pre")?.textContent).toBe("x = 1\n");
  });

  it("keeps long lines broken where they were, through every rendering", () => {
    const html = '<pre class="open"><code>x</code></pre>';
    const element = block(html);
    enhance(element, labels);
    toggleWrapping(element);
    expect(element.querySelector(".code-wrap")?.getAttribute("aria-pressed")).toBe("true");
    element.innerHTML = html;
    enhance(element, labels);
    expect(element.querySelector(".code-wrap")?.getAttribute("aria-pressed")).toBe("true");
    toggleWrapping(element);
    expect(element.classList.contains("wrapped")).toBe(false);
  });

  it("finds diagrams where their fences are closed", () => {
    const fence = (open: string, language: string) => `<pre${open}><code class="language-${language}">pie</code></pre>`;
    const element = block(fence("", "python") + fence("", "mermaid") + fence(' class="open"', "mermaid"));
    expect(diagramsIn(element)).toEqual([]);
    enhance(element, labels);
    expect(diagramsIn(element)).toEqual([element.querySelectorAll(".code")[1]]);
  });

  it("lets a wide table scroll inside itself, reachable by keyboard", () => {
    const element = block("<table><tbody><tr><td>1</td></tr></tbody></table>");
    enhance(element, labels);
    enhance(element, labels);
    expect(element.querySelectorAll(".table-scroll")).toHaveLength(1);
    expect(element.querySelector<HTMLElement>(".table-scroll")?.tabIndex).toBe(0);
  });

  it("opens other sites elsewhere, and leaves links within the message alone", () => {
    const element = block('<a href="https://example.org">x</a><a href="#m-fn-1">1</a>');
    enhance(element, labels);
    const [outside, inside] = element.querySelectorAll("a");
    expect(outside?.rel).toBe("noopener noreferrer");
    expect(outside?.target).toBe("_blank");
    expect(inside?.target).toBe("");
  });

  it("renders formulas when KaTeX has come", async () => {
    // The test's document has no doctype, and KaTeX looks for one.
    Object.defineProperty(document, "compatMode", { value: "CSS1Compat" });
    const element = block('<span class="math inline">x^2</span>');
    document.body.append(element);
    enhance(element, labels);
    await expect.poll(() => element.querySelector(".katex")).not.toBeNull();
    expect(element.querySelector<HTMLElement>(".math")?.dataset.tex).toBe("x^2");
  });
});

describe("a copied answer", () => {
  it("has its formulas as TeX and lines in its tables", () => {
    const html = '<p><span class="math inline">x^2</span></p><div class="math block">y</div><table></table>';
    expect(richText(html)).toBe('<p>\\( x^2 \\)</p>\\[ y \\]<table border="1"></table>');
  });
});

describe("exchanges", () => {
  const message = (id: string, role: Role) => ({ id, role, text: id }) as Message;
  const snapshot = (messages: Message[]) =>
    ({ messages, live: [{ turn: "a2", text: "", reasoning: "", blocks: [] }] }) as unknown as ConversationSnapshot;
  const unstored: Outgoing = {
    clientId: "x1", conversation: "c", state: "pending", wish: { type: "send", conversation: "c", text: "And?" },
  };

  it("begin with a question each, and end with what is not stored yet", () => {
    const path = [message("q1", "user"), message("a1", "assistant"), message("q2", "user"), message("a2", "assistant")];
    const exchanges = toExchanges(snapshot(path), [unstored], (id) => (id === "q2" ? "client-2" : id));
    expect(exchanges.map(({ key, answers }) => [key, answers.map((answer) => answer.message.id)])).toEqual([
      ["q1", ["a1"]],
      ["client-2", ["a2"]],
      ["x1", []],
    ]);
    expect(exchanges[1]?.answers[0]?.live?.turn).toBe("a2");
    expect(exchanges[2]?.question?.outgoing).toBe(unstored);
  });

  it("have an edit in the place of its question while it is on its way, and the old path again when it fails", () => {
    const path = [message("q1", "user"), message("a1", "assistant"), message("q2", "user"), message("a2", "assistant")];
    const edit: Outgoing = { ...unstored, wish: { type: "edit", message: "q2", text: "Or?" } };
    const pending = toExchanges(snapshot(path), [edit], (id) => id);
    expect(pending.map(({ key, question }) => [key, question?.text])).toEqual([
      ["q1", "q1"],
      ["x1", "Or?"],
    ]);
    const failed: Outgoing = { ...edit, state: "failed" };
    const after = toExchanges(snapshot(path), [failed], (id) => id);
    expect(after.map(({ key, question }) => [key, question?.text, question?.outgoing])).toEqual([
      ["q1", "q1", undefined],
      ["q2", "q2", failed],
    ]);
  });

  it("say of an answer what was asked of it", () => {
    const again: Outgoing = { ...unstored, wish: { type: "continue", turn: "a1" } };
    const exchanges = toExchanges(snapshot([message("q1", "user"), message("a1", "assistant")]), [again], (id) => id);
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]?.answers[0]?.outgoing).toBe(again);
  });

  it("may begin with an answer, where a page of history does", () => {
    const exchanges = toExchanges(snapshot([message("a1", "assistant")]), [], (id) => id);
    expect(exchanges).toMatchObject([{ key: "a1", question: undefined }]);
  });

  it("stay the same objects where nothing is new in them", () => {
    const path = [message("q1", "user"), message("a1", "assistant"), message("q2", "user"), message("a2", "assistant")];
    const before = toExchanges(snapshot(path), [], (id) => id);
    const after = keepUnchanged(before, toExchanges(snapshot([...path, message("q3", "user")]), [unstored], (id) => id));
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(after.map(({ key }) => key)).toEqual(["q1", "q2", "q3", "x1"]);
  });
});

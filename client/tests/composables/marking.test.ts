import { markWords } from "@/composables/marking";
import { describe, expect, it } from "vitest";

function marked(text: string, query: string): string {
  return markWords(text, query).map(({ text: piece, found }) => (found ? `[${piece}]` : piece)).join("");
}

describe("the words that were looked for", () => {
  it.each([
    ["What is the quantum of light?", "quan LIGHT", "What is the [quan]tum of [light]?"],
    ["Café, CAFE, ｃａｆé", "cafe", "[Café], [CAFE], [ｃａｆé]"],
    ["量子力学入门", "量子", "[量子]力学入门"],
    ["量子的力学", "量子力学", "[量子]的[力学]"],
    ["𝕏 and 👩‍🚀 x", "x", "[𝕏] and 👩‍🚀 [x]"],
    ["ﬁne", "fi", "[ﬁ]ne"],
    ["nothing here", "zebra", "nothing here"],
    ["nothing asked", "", "nothing asked"],
    ["<b>a</b>", "b", "<[b]>a</[b]>"],
  ])("are marked in %s", (text, query, expected) => {
    expect(marked(text, query)).toBe(expected);
  });
});

// @vitest-environment happy-dom
import { useSearch } from "@/composables/useSearch";
import type { Hit, Searched } from "@/protocol/frames.gen";
import { useConversations } from "@/stores/conversations";
import { useLink } from "@/stores/link";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, expect, describe, it, vi } from "vitest";
import { effectScope, type EffectScope, ref } from "vue";

const query = ref("");
let scope: EffectScope;
let search: ReturnType<typeof useSearch>;

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  query.value = "";
  scope = effectScope();
  scope.run(() => (search = useSearch(query)));
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
});

async function type(text: string): Promise<void> {
  query.value = text;
  await vi.advanceTimersByTimeAsync(200);
}

describe("search", () => {
  it("asks when the typing pauses, and groups by conversation", async () => {
    const hits: Hit[] = [
      { conversation: "b", title: "B", snippet: "B" },
      { conversation: "a", title: "A", message: "m1", snippet: "one" },
      { conversation: "b", title: "B", message: "m2", snippet: "two" },
      { conversation: "gone", title: "G", message: "m3", snippet: "three" },
    ];
    useConversations().hidden.add("gone");
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({ hits });
    query.value = "s";
    await vi.advanceTimersByTimeAsync(50);
    await type(" sea ");
    expect(request.mock.calls).toEqual([[{ type: "search", query: "sea", limit: 40 }]]);
    expect(search.found.value).toEqual([
      { conversation: "b", title: "B", messages: [{ message: "m2", snippet: "two" }] },
      { conversation: "a", title: "A", messages: [{ message: "m1", snippet: "one" }] },
    ]);
    expect(search.searching.value).toBe(false);
  });

  it("drops a reply to what is not asked any more", async () => {
    const replies: ((reply: Searched) => void)[] = [];
    vi.spyOn(useLink(), "request").mockImplementation(() => new Promise((resolve) => replies.push(resolve)));
    await type("old");
    await type("new");
    const hit = (title: string): Searched => ({ hits: [{ conversation: title, title, snippet: title }] });
    replies[1]?.(hit("new"));
    replies[0]?.(hit("old"));
    await vi.advanceTimersByTimeAsync(0);
    expect(search.found.value.map(({ title }) => title)).toEqual(["new"]);
  });

  it("says why there is nothing, and tries again with the next word", async () => {
    const request = vi.spyOn(useLink(), "request").mockRejectedValueOnce(new Error("no"));
    await type("a");
    expect(search.problem.value).toBeInstanceOf(Error);
    request.mockResolvedValueOnce({ hits: [] });
    await type("ab");
    expect(search.problem.value).toBeNull();
  });
});

// @vitest-environment happy-dom
import type { Conversation } from "@/protocol/frames.gen";
import { useConversations } from "@/stores/conversations";
import { useFolders } from "@/stores/folders";
import { useLink } from "@/stores/link";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";

function conversation(id: string, change: Partial<Conversation> = {}): Conversation {
  const at = "2026-03-10T12:00:00Z";
  return {
    id, title: id, model: null, system_prompt: "", params: {}, pinned: false, archived: false, leaf: null,
    unread: false, created_at: at, updated_at: at, ...change,
  };
}

beforeEach(() => setActivePinia(createPinia()));

describe("folders", () => {
  it("stand in the order of their names", () => {
    const store = useFolders();
    store.replaceAll(["Work 10", "Work 2", "école", "Egg"].map((name) => ({ id: name, name })));
    expect(store.sorted.map(({ name }) => name)).toEqual(["école", "Egg", "Work 2", "Work 10"]);
  });

  it("let go of what was in them when they are gone", () => {
    const store = useFolders();
    const conversations = useConversations();
    store.replaceAll([{ id: "f", name: "F" }, { id: "g", name: "G" }]);
    conversations.put(conversation("a", { folder: "f" }));
    conversations.put(conversation("b", { folder: "g" }));
    store.updated([{ id: "g", name: "G" }]);
    expect(conversations.byId.get("a")).not.toHaveProperty("folder");
    expect(conversations.byId.get("b")?.folder).toBe("g");
  });

  it("are loaded page after page to their end, and anew after a snapshot", async () => {
    const store = useFolders();
    const request = vi.spyOn(useLink(), "request");
    request.mockResolvedValueOnce({ conversations: [conversation("a", { folder: "f" })], next: "n" });
    request.mockResolvedValueOnce({ conversations: [], next: null });
    for (let times = 0; times < 3; times += 1) await store.loadMore("f");
    const asked = request.mock.calls.map(([command]) => command);
    expect(asked).toEqual([null, "n"].map((before) => ({ type: "list", folder: "f", limit: 50, before })));
    expect(useConversations().byId.has("a")).toBe(true);
    store.replaceAll([]);
    expect(store.pages.has("f")).toBe(false);
  });
});

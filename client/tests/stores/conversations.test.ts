// @vitest-environment happy-dom
import type { Conversation, UserSnapshot } from "@/protocol/frames.gen";
import { groupConversations } from "@/stores/conversationGroups";
import { useConversations } from "@/stores/conversations";
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

function snapshot(conversations: Conversation[], change: Partial<UserSnapshot> = {}): UserSnapshot {
  const user = { id: "u", email: "", username: "", role: "user" as const, created_at: "" };
  return {
    user, conversations, next: null, drafts: [], sessions: [], models: [], live_turns: [], settings: {}, folders: [], presets: [], notices: [],
    ...change,
  };
}

beforeEach(() => setActivePinia(createPinia()));

describe("conversations", () => {
  it("are what the snapshot says, and nothing from before", () => {
    const store = useConversations();
    store.put(conversation("old", { live_turn: "t0" }));
    store.replaceAll(
      snapshot([conversation("a"), conversation("b", { archived: true })], {
        live_turns: [{ conversation: "z", turn: "t", status: "streaming" }],
      }),
    );
    expect(store.listed.map(({ id }) => id)).toEqual(["a"]);
    expect([...store.liveTurns]).toEqual([["z", "t"]]);
  });

  it("run while a turn of theirs does", () => {
    const store = useConversations();
    store.put(conversation("a"));
    store.turnChanged({ type: "turn.status", conversation: "a", turn: "t1", status: "pending" });
    expect(store.liveTurns.get("a")).toBe("t1");
    store.turnChanged({ type: "turn.status", conversation: "a", turn: "t0", status: "stopped" });
    expect(store.liveTurns.get("a")).toBe("t1");
    store.turnChanged({ type: "turn.status", conversation: "a", turn: "t1", status: "failed" });
    expect(store.liveTurns.has("a")).toBe(false);
  });

  it("are read once, when there is something to read", async () => {
    const store = useConversations();
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({});
    store.put(conversation("a"));
    await store.markRead("a", "m");
    expect(request).not.toHaveBeenCalled();
    store.put(conversation("a", { unread: true, failed: true }));
    await store.markRead("a", "m");
    expect(request).toHaveBeenCalledExactlyOnceWith({ type: "read", conversation: "a", message: "m" });
  });

  it("load page after page, and never an old state over a newer one", async () => {
    const store = useConversations();
    store.replaceAll(snapshot([conversation("a", { title: "New" })], { next: "a" }));
    const request = vi.spyOn(useLink(), "request");
    request.mockResolvedValueOnce({ conversations: [conversation("a", { title: "Old" }), conversation("b")], next: null });
    await Promise.all([store.loadMore(), store.loadMore()]);
    expect(request).toHaveBeenCalledOnce();
    expect(request).toHaveBeenCalledWith({ type: "list", folder: null, before: "a", limit: 50 });
    expect(store.byId.get("a")?.title).toBe("New");
    expect(store.byId.has("b")).toBe(true);
    await store.loadMore();
    expect(request).toHaveBeenCalledOnce();
  });

  it("are marked read on the server only when they are unread", async () => {
    const store = useConversations();
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({});
    store.put(conversation("a"));
    await store.markRead("a", "m1");
    expect(request).not.toHaveBeenCalled();
    store.put(conversation("a", { unread: true }));
    await store.markRead("a", "m1");
    expect(request).toHaveBeenCalledWith({ type: "read", conversation: "a", message: "m1" });
  });
});

describe("groups", () => {
  const now = new Date(2026, 2, 31, 0, 30);
  const ago = (days: number, hours = 0) => new Date(2026, 2, 31 - days, hours, 0).toISOString();

  it("go by the days of the calendar, newest first, and leave out what is empty", () => {
    const groups = groupConversations(
      [
        conversation("month", { updated_at: ago(20) }),
        conversation("late", { updated_at: ago(1, 23) }),
        conversation("now", { updated_at: now.toISOString() }),
        conversation("early", { updated_at: ago(1, 1) }),
        conversation("old", { updated_at: ago(90) }),
        conversation("kept", { updated_at: ago(400), pinned: true }),
      ],
      now,
    );
    expect(groups.map(({ name, conversations }) => [name, conversations.map(({ id }) => id)])).toEqual([
      ["pinned", ["kept"]],
      ["today", ["now"]],
      ["yesterday", ["late", "early"]],
      ["month", ["month"]],
      ["older", ["old"]],
    ]);
  });

  it("compare moments, not their spelling", () => {
    const whole = conversation("whole", { updated_at: "2026-03-10T12:00:00Z" });
    const later = conversation("later", { updated_at: "2026-03-10T12:00:00.250Z" });
    const [group] = groupConversations([whole, later], now);
    expect(group?.conversations.map(({ id }) => id)).toEqual(["later", "whole"]);
  });
});

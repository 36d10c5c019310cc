// @vitest-environment happy-dom
import { CommandError, ConnectionLost } from "@/socket/errors";
import { useDrafts } from "@/stores/drafts";
import { useLink } from "@/stores/link";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const heard = (text: string, connection = "other") => ({ type: "draft" as const, conversation: "c", text, connection });

function page(): ReturnType<typeof useDrafts> {
  setActivePinia(createPinia());
  const drafts = useDrafts();
  drafts.begin("u");
  drafts.greeted("mine");
  return drafts;
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
});
afterEach(() => vi.useRealTimers());

describe("drafts", () => {
  it("are saved once when the typing pauses, and from time to time while it does not", async () => {
    const drafts = page();
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({});
    for (const text of ["a", "ab", "abc"]) drafts.write("c", text);
    await vi.advanceTimersByTimeAsync(600);
    expect(request.mock.calls).toEqual([[{ type: "draft", conversation: "c", text: "abc" }]]);
    for (let length = 0; length < 30; length += 1) {
      drafts.write("c", "x".repeat(length));
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(request.mock.calls.length).toBeGreaterThan(1);
  });

  it("of other tabs appear, but not over words that are being typed, and one's own echo is no news", async () => {
    const drafts = page();
    vi.spyOn(useLink(), "request").mockResolvedValue({});
    drafts.focus(true);
    drafts.heard(heard("there"));
    expect(drafts.texts.get("c")).toBe("there");
    drafts.write("c", "here");
    await vi.advanceTimersByTimeAsync(600);
    drafts.heard(heard("there again"));
    expect(drafts.texts.get("c")).toBe("here");
    drafts.focus(false);
    drafts.heard(heard("old", "mine"));
    expect(drafts.texts.get("c")).toBe("here");
    drafts.heard(heard(""));
    expect(drafts.texts.has("c")).toBe(false);
  });

  it("stay in the browser while there is no server, and go out with the next connection", async () => {
    vi.spyOn((page(), useLink()), "request").mockRejectedValue(new ConnectionLost());
    useDrafts().write("c", "offline");
    useDrafts().write(null, "a new one");
    await vi.advanceTimersByTimeAsync(600);

    const drafts = page();
    expect([...drafts.texts].sort()).toEqual([["c", "offline"], [null, "a new one"]].sort());
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({});
    drafts.synced([{ conversation: "c", text: "as the server had it" }]);
    drafts.flush();
    expect(request.mock.calls.map(([command]) => command)).toContainEqual({ type: "draft", conversation: "c", text: "offline" });
    await vi.advanceTimersByTimeAsync(0);
    expect(localStorage).toHaveLength(0);
  });

  it("are what the snapshot says where nothing else was typed", () => {
    const drafts = page();
    drafts.synced([{ conversation: "a", text: "1" }, { conversation: null, text: "2" }]);
    drafts.synced([{ conversation: null, text: "3" }]);
    expect([...drafts.texts]).toEqual([[null, "3"]]);
  });

  it("are gone once they are sent, also from the browser, and move with a new conversation", async () => {
    const drafts = page();
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({});
    drafts.write("c", "Why?");
    drafts.sent("c", Promise.resolve());
    await vi.advanceTimersByTimeAsync(3000);
    expect(request).not.toHaveBeenCalled();
    expect(localStorage).toHaveLength(0);
    drafts.write(null, "And");
    drafts.move(null, "new");
    expect([...drafts.texts]).toEqual([["new", "And"]]);
  });

  it("do not come back by a snapshot from before the message was stored", async () => {
    const drafts = page();
    const drafted = [{ conversation: "c", text: "Why?" }];
    drafts.synced(drafted);
    let store = (): void => undefined;
    drafts.sent("c", new Promise<void>((resolve) => (store = resolve)));
    drafts.synced(drafted);
    expect(drafts.texts.has("c")).toBe(false);
    store();
    await vi.advanceTimersByTimeAsync(0);
    drafts.synced([{ conversation: "c", text: "And from elsewhere" }]);
    expect(drafts.texts.get("c")).toBe("And from elsewhere");
  });

  it("are not kept for a conversation that does not exist", async () => {
    const drafts = page();
    vi.spyOn(useLink(), "request").mockRejectedValue(new CommandError({ code: "not_found", message: "" }));
    drafts.write("c", "Why?");
    await vi.advanceTimersByTimeAsync(600);
    expect(drafts.texts.has("c")).toBe(false);
    expect(localStorage).toHaveLength(0);
  });
});

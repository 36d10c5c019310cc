// @vitest-environment happy-dom
import { CommandError, ConnectionLost } from "@/socket/errors";
import { useConversations } from "@/stores/conversations";
import { useLink } from "@/stores/link";
import { useRemovals } from "@/stores/removals";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const failed = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  failed.mockReset();
  setActivePinia(createPinia());
});
afterEach(() => {
  vi.useRealTimers();
  localStorage.clear();
});

describe("a conversation that is deleted", () => {
  it("is out of sight at once, and gone when it can no longer be undone", async () => {
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({});
    const removals = useRemovals();
    removals.remove("c", failed);
    expect(useConversations().hidden.has("c")).toBe(true);
    await vi.advanceTimersByTimeAsync(removals.UNDO_MS - 1);
    expect(request).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(request.mock.calls).toEqual([[{ type: "delete", conversations: ["c"] }]]);
    expect(removals.undo("c")).toBe(false);
  });

  it("is back when that is undone, and nothing was asked", async () => {
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({});
    const removals = useRemovals();
    removals.remove("c", failed);
    expect(removals.undo("c")).toBe(true);
    expect(useConversations().hidden.has("c")).toBe(false);
    await vi.advanceTimersByTimeAsync(removals.UNDO_MS * 2);
    expect(request).not.toHaveBeenCalled();
  });

  it("goes with the page, which has no later", () => {
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({});
    useRemovals().remove("c", failed);
    useRemovals().flush();
    expect(request).toHaveBeenCalledOnce();
  });

  it("waits out of sight for a connection, and is deleted then; one that can be undone is not", async () => {
    const request = vi.spyOn(useLink(), "request").mockRejectedValueOnce(new ConnectionLost()).mockResolvedValue({});
    const removals = useRemovals();
    removals.remove("c", failed);
    await vi.advanceTimersByTimeAsync(removals.UNDO_MS);
    removals.remove("d", failed);
    expect([...useConversations().hidden]).toEqual(["c", "d"]);
    removals.resume();
    await vi.advanceTimersByTimeAsync(0);
    expect(request.mock.calls.map(([command]) => "conversations" in command && command.conversations)).toEqual([["c"], ["c"]]);
    expect([...useConversations().hidden]).toEqual(["d"]);
    expect(failed).not.toHaveBeenCalled();
  });

  it("is deleted by the next page of its user where its own did not get it done", async () => {
    vi.spyOn(useLink(), "request").mockRejectedValue(new ConnectionLost());
    useRemovals().begin("u");
    useRemovals().remove("c", failed);
    useRemovals().remove("d", failed);
    useRemovals().undo("d");
    useRemovals().flush();
    await vi.advanceTimersByTimeAsync(0);

    setActivePinia(createPinia());
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({});
    useRemovals().begin("another");
    expect(request).not.toHaveBeenCalled();
    useRemovals().begin("u");
    expect([...useConversations().hidden]).toEqual(["c"]);
    await vi.advanceTimersByTimeAsync(0);
    expect(request.mock.calls).toEqual([[{ type: "delete", conversations: ["c"] }]]);
    expect(localStorage).toHaveLength(0);
  });

  it("is back, with the reason, when the server refuses", async () => {
    vi.spyOn(useLink(), "request").mockRejectedValue(new CommandError({ code: "unavailable", message: "" }));
    const removals = useRemovals();
    removals.remove("c", failed);
    await vi.advanceTimersByTimeAsync(removals.UNDO_MS);
    expect(useConversations().hidden.has("c")).toBe(false);
    expect(failed).toHaveBeenCalledOnce();
  });
});

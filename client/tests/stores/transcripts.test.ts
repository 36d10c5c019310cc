// @vitest-environment happy-dom
import type { Message } from "@/protocol/frames.gen";
import { useLink } from "@/stores/link";
import { useTranscripts } from "@/stores/transcripts";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";

function message(id: string, parent: string | null): Message {
  return {
    id, conversation: "c1", parent, role: "user", text: id, html: "", status: "complete", attachments: [],
    siblings: [id], created_at: "2026-03-10T12:00:00Z",
  };
}

beforeEach(() => setActivePinia(createPinia()));

describe("transcripts", () => {
  it("follow the conversation that is shown, and that one only", () => {
    const link = useLink();
    const follow = vi.spyOn(link, "follow");
    const unfollow = vi.spyOn(link, "unfollow");
    const transcripts = useTranscripts();
    transcripts.show("c1");
    transcripts.show("c1");
    transcripts.show("c2");
    transcripts.show(null);
    expect(follow.mock.calls.flat()).toEqual(["c1", "c2"]);
    expect(unfollow.mock.calls.flat()).toEqual(["c1", "c2"]);
  });

  it("keep the last few, and let the log's place go with those that they drop", () => {
    const forget = vi.spyOn(useLink(), "forget");
    const transcripts = useTranscripts();
    for (let number = 0; number < 20; number += 1) {
      transcripts.begun(`c${number}`);
      transcripts.show(`c${number}`);
    }
    expect(transcripts.held.size).toBeLessThan(15);
    expect(transcripts.held.has("c19")).toBe(true);
    expect(forget.mock.calls.flat()).toContain("c0");
  });

  it("put an older page before the path, unless the path has moved meanwhile", async () => {
    const transcripts = useTranscripts();
    const request = vi.spyOn(useLink(), "request");
    transcripts.begun("c1");
    const state = transcripts.held.get("c1");
    if (!state) throw new Error("nothing is held");
    transcripts.opened({ ...state, messages: [message("m3", "m2")], next: "m3" });

    request.mockResolvedValueOnce({ messages: [message("x9", null)], next: null });
    await transcripts.loadOlder("c1");
    expect(transcripts.held.get("c1")?.messages).toHaveLength(1);

    request.mockResolvedValueOnce({ messages: [message("m1", null), message("m2", "m1")], next: null });
    await transcripts.loadOlder("c1");
    expect(request).toHaveBeenLastCalledWith({ type: "history", conversation: "c1", before: "m3", limit: 50 });
    expect(transcripts.held.get("c1")?.messages.map(({ id }) => id)).toEqual(["m1", "m2", "m3"]);
    expect(transcripts.held.get("c1")?.next).toBeNull();
  });
});

import { toExchanges } from "@/composables/exchanges";
import type { ConversationSnapshot, Message } from "@/protocol/frames.gen";
import { describe, expect, it } from "vitest";

function message(id: string, role: Message["role"], change: Partial<Message> = {}): Message {
  const at = "2026-03-10T12:00:00Z";
  return {
    id, conversation: "c", parent: null, role, text: id, html: "", status: "complete", attachments: [], siblings: [id],
    created_at: at, ...change,
  };
}

const path = (last: Partial<Message>): ConversationSnapshot => ({
  conversation: {} as ConversationSnapshot["conversation"],
  messages: [
    message("q1", "user"), message("a1", "assistant"),
    message("q2", "user"), message("a2", "assistant", { context_start: "q2" }),
    message("q3", "user"), message("a3", "assistant", last),
  ],
  next: null,
  live: [],
});
const cuts = (snapshot: ConversationSnapshot) =>
  toExchanges(snapshot, [], (id) => id).filter(({ cut }) => cut).map(({ key }) => key);

describe("the line above what a model was given", () => {
  it("stands where the newest answer's model began to read, and nowhere else", () => {
    expect(cuts(path({ context_start: "q3" }))).toEqual(["q3"]);
    expect(cuts(path({}))).toEqual([]);
  });

  it("stays where it was while the next answer is written", () => {
    expect(cuts(path({ status: "streaming" }))).toEqual(["q2"]);
  });
});

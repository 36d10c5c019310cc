import type { AnyEvent, ConversationSnapshot, Format } from "@/protocol/frames.gen";
import { fold } from "@/transcript/fold";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface Case {
  name: string;
  snapshot: ConversationSnapshot;
  format: Format;
  events: AnyEvent[];
  expected: ConversationSnapshot;
}

const folder = new URL("../../../tests/transcripts/", import.meta.url);
const cases = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Case);

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.values(value).forEach(freeze);
  Object.freeze(value);
}

describe("fold", () => {
  it.each(cases)("$name", ({ snapshot, format, events, expected }) => {
    freeze(snapshot);
    const folded = events.reduce((state, event) => fold(state, event, format), snapshot);
    expect(folded).toEqual(expected);
  });

  it("keeps what an event does not concern the same object", () => {
    const streaming = cases.find(({ events }) => events.some(({ type }) => type === "turn.render"));
    const render = streaming?.events.find(({ type }) => type === "turn.render");
    if (!streaming || !render) throw new Error("no case streams");
    const folded = fold(streaming.snapshot, render, "html");
    expect(folded.messages[0]).toBe(streaming.snapshot.messages[0]);
    expect(folded.conversation).toBe(streaming.snapshot.conversation);
  });
});

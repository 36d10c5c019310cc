// @vitest-environment happy-dom
import type { Message } from "@/protocol/frames.gen";
import { CommandError } from "@/socket/errors";
import { useLink } from "@/stores/link";
import { useOutgoing } from "@/stores/outgoing";
import { useTranscripts } from "@/stores/transcripts";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";

const draft = { conversation: null, text: "Why?", parent: undefined, model: "demo", temporary: false };
const sent = { conversation: "c1", message: "m1", turn: "t1", epoch: "E", offset: 0 };

beforeEach(() => setActivePinia(createPinia()));

describe("an outgoing message", () => {
  it("shows at once, and until it stands in the transcript, always at the same place", async () => {
    const outgoing = useOutgoing();
    vi.spyOn(useLink(), "send").mockResolvedValue(sent);
    const stored = outgoing.send(draft);
    const [entry] = outgoing.list;
    expect(entry).toMatchObject({ text: "Why?", state: "pending" });
    await expect(stored).resolves.toBe("c1");
    expect(outgoing.list[0]).toMatchObject({ conversation: "c1", state: "sent" });
    expect(outgoing.keyOf("m1")).toBe(entry?.clientId);
    outgoing.arrived([{ id: "m1" } as Message]);
    expect(outgoing.list).toEqual([]);
    expect(outgoing.keyOf("m1")).toBe(entry?.clientId);
  });

  it("keeps its text when it fails, and is asked again under the same name", async () => {
    const outgoing = useOutgoing();
    const send = vi.spyOn(useLink(), "send");
    send.mockRejectedValueOnce(new CommandError({ code: "busy", message: "Busy." })).mockResolvedValueOnce(sent);
    await expect(outgoing.send(draft)).resolves.toBeNull();
    const [failed] = outgoing.list;
    expect(failed).toMatchObject({ text: "Why?", state: "failed", error: { code: "busy" } });
    await expect(outgoing.retry(failed?.clientId ?? "")).resolves.toBe("c1");
    const [first, second] = send.mock.calls.map(([command]) => command.client_id);
    expect(second).toBe(first);
  });

  it("is gone when the transcript had it before the reply came", async () => {
    const outgoing = useOutgoing();
    const transcripts = useTranscripts();
    transcripts.begun("c1");
    transcripts.show("c1");
    const state = transcripts.held.get("c1");
    if (state) transcripts.opened({ ...state, messages: [{ id: "m1" } as Message] });
    vi.spyOn(useLink(), "send").mockResolvedValue(sent);
    await outgoing.send({ ...draft, conversation: "c1" });
    expect(outgoing.list).toEqual([]);
  });

  it("does not wait for a transcript that nobody looks at", async () => {
    const outgoing = useOutgoing();
    vi.spyOn(useLink(), "send").mockResolvedValue(sent);
    await outgoing.send({ ...draft, conversation: "c1" });
    expect(outgoing.list).toEqual([]);
  });
});

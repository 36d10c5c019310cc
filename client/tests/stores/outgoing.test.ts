// @vitest-environment happy-dom
import type { Message } from "@/protocol/frames.gen";
import { CommandError, ConnectionLost } from "@/socket/errors";
import { useLink } from "@/stores/link";
import { useOutgoing } from "@/stores/outgoing";
import { useTranscripts } from "@/stores/transcripts";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";

const wish = { type: "send" as const, conversation: null, text: "Why?", model: "demo" };
const question = (id: string) => ({ id, conversation: "c1" }) as Message;
const sent = { conversation: "c1", message: "m1", turn: "t1", epoch: "E", offset: 0 };

beforeEach(() => {
  setActivePinia(createPinia());
  localStorage.clear();
});

describe("an outgoing message", () => {
  it("shows at once, and until it stands in the transcript, always at the same place", async () => {
    const outgoing = useOutgoing();
    vi.spyOn(useLink(), "send").mockResolvedValue(sent);
    const stored = outgoing.ask(null, wish);
    const [entry] = outgoing.list;
    expect(entry).toMatchObject({ wish: { text: "Why?" }, state: "pending" });
    await expect(stored).resolves.toMatchObject({ state: "sent", conversation: "c1" });
    expect(outgoing.list[0]).toMatchObject({ conversation: "c1", state: "sent" });
    expect(outgoing.keyOf("m1")).toBe(entry?.clientId);
    outgoing.arrived([question("m1")]);
    expect(outgoing.list).toEqual([]);
    expect(outgoing.keyOf("m1")).toBe(entry?.clientId);
  });

  it("keeps its text when it fails, and is asked again under the same name", async () => {
    const outgoing = useOutgoing();
    const send = vi.spyOn(useLink(), "send");
    send.mockRejectedValueOnce(new CommandError({ code: "busy", message: "Busy." })).mockResolvedValueOnce(sent);
    await expect(outgoing.ask(null, wish)).resolves.toMatchObject({ state: "failed" });
    const [failed] = outgoing.list;
    expect(failed).toMatchObject({ wish: { text: "Why?" }, state: "failed", error: { code: "busy" } });
    await expect(outgoing.retry(failed?.clientId ?? "")).resolves.toMatchObject({ conversation: "c1" });
    const [first, second] = send.mock.calls.map(([command]) => command.client_id);
    expect(second).toBe(first);
  });

  it("is gone when the transcript had it before the reply came", async () => {
    const outgoing = useOutgoing();
    const transcripts = useTranscripts();
    transcripts.begun("c1");
    transcripts.show("c1");
    const state = transcripts.held.get("c1");
    if (state) transcripts.opened({ ...state, messages: [question("m1")] });
    vi.spyOn(useLink(), "send").mockResolvedValue(sent);
    await outgoing.ask("c1", { ...wish, conversation: "c1" });
    expect(outgoing.list).toEqual([]);
  });

  it("does not wait for a transcript that nobody looks at", async () => {
    const outgoing = useOutgoing();
    vi.spyOn(useLink(), "send").mockResolvedValue(sent);
    await outgoing.ask("c1", { ...wish, conversation: "c1" });
    expect(outgoing.list).toEqual([]);
  });

  it("is gone when its event came before the reply, though its path is not the one that is shown any more", async () => {
    const outgoing = useOutgoing();
    useTranscripts().begun("c1");
    useTranscripts().show("c1");
    vi.spyOn(useLink(), "send").mockImplementation(() => {
      outgoing.made(question("m1"));
      return Promise.resolve(sent);
    });
    await outgoing.ask("c1", { ...wish, conversation: "c1" });
    expect(outgoing.list).toEqual([]);
  });

  it("stays, as an edit, until the path with it is shown", async () => {
    const outgoing = useOutgoing();
    useTranscripts().begun("c1");
    useTranscripts().show("c1");
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({ message: "m2", turn: "t2" });
    await outgoing.ask("c1", { type: "edit", message: "m1", text: "How?" });
    expect(request.mock.calls[0]?.[0]).toMatchObject({ type: "edit", message: "m1", text: "How?" });
    outgoing.made(question("m2"));
    expect(outgoing.list).toHaveLength(1);
    outgoing.arrived([question("m2")]);
    expect(outgoing.list).toEqual([]);
  });

  it("asks for another answer or for more of one under a name of its own, and is gone once that is answered", async () => {
    const outgoing = useOutgoing();
    const request = vi.spyOn(useLink(), "request").mockResolvedValue({ turn: "t1" });
    useTranscripts().show("c1");
    for (const type of ["regenerate", "continue"] as const) await outgoing.ask("c1", { type, turn: "t1" });
    const names = request.mock.calls.map(([command]) => "client_id" in command && command.client_id);
    expect(new Set(names).size).toBe(2);
    expect(names.every((name) => typeof name === "string")).toBe(true);
    expect(outgoing.list).toEqual([]);
  });

  it("outlives its page: the next one asks again under the same name, but not what was refused", async () => {
    const first = vi.spyOn(useLink(), "send").mockRejectedValueOnce(new ConnectionLost());
    first.mockRejectedValueOnce(new CommandError({ code: "busy", message: "Busy." }));
    useOutgoing().begin("u");
    await useOutgoing().ask(null, wish);
    await useOutgoing().ask("c1", { ...wish, conversation: "c1" });

    setActivePinia(createPinia());
    const send = vi.spyOn(useLink(), "send").mockResolvedValue(sent);
    useOutgoing().begin("u");
    expect(useOutgoing().list.map(({ state }) => state).sort()).toEqual(["failed", "pending"]);
    await vi.waitFor(() => expect(send).toHaveBeenCalledOnce());
    expect(send.mock.calls[0]?.[0].client_id).toBe(first.mock.calls[0]?.[0].client_id);
    await vi.waitFor(() => expect(localStorage).toHaveLength(1));
    useOutgoing().list.forEach(({ clientId }) => useOutgoing().discard(clientId));
    expect(localStorage).toHaveLength(0);
  });
});

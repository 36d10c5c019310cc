import type { AnyEvent, Message } from "@/protocol/frames.gen";
import { CommandError, ConnectionLost } from "@/socket/errors";
import { Link, type LinkOptions, type LinkStatus } from "@/socket/link";
import type { SocketClass } from "@/socket/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { TestServer } from "./server";

let server: TestServer;
let link: Link;
let statuses: LinkStatus[];
let heard: string[];
let reauthenticate: ReturnType<typeof vi.fn<LinkOptions["reauthenticate"]>>;

function event(conversation: string, offset: number, type = "message.created"): object {
  return { type, conversation, offset, message: { id: `m${offset}` } as Message };
}

function name(event: AnyEvent): string {
  return `${event.type} ${"offset" in event ? (event.offset ?? 0) : 0}`;
}

beforeEach(async () => {
  server = await TestServer.start();
  statuses = [];
  heard = [];
  reauthenticate = vi.fn<LinkOptions["reauthenticate"]>().mockResolvedValue("renewed");
  // Waits are as short as chance allows: half of the first step.
  vi.spyOn(Math, "random").mockReturnValue(0);
  link = new Link({
    url: server.url,
    reauthenticate,
    Socket: WebSocket as unknown as SocketClass,
    listener: {
      status: (status) => statuses.push(status),
      hello: () => heard.push("hello"),
      synced: (snapshot) => heard.push(snapshot ? "synced" : "went on"),
      opened: ({ conversation }) => heard.push(`opened ${conversation.id}`),
      openFailed: (conversation, error) => heard.push(`failed ${conversation} ${error.code}`),
      begun: (conversation) => heard.push(`begun ${conversation}`),
      userEvent: (event) => heard.push(name(event)),
      conversationEvent: (event) => heard.push(name(event)),
    },
  });
});

afterEach(() => {
  link.stop();
  server.stop();
});

async function connected() {
  link.start();
  const peer = await server.accept();
  await peer.welcome();
  await vi.waitFor(() => expect(heard).toContain("synced"));
  heard = [];
  return peer;
}

async function following(peer: Awaited<ReturnType<typeof connected>>, conversation: string, offset: number) {
  link.follow(conversation);
  const open = await peer.next("open");
  peer.reply(open, { epoch: "C", offset, recovered: false, snapshot: { conversation: { id: conversation } } });
  await vi.waitFor(() => expect(heard).toContain(`opened ${conversation}`));
  heard = [];
}

describe.each(["unavailable", "rate_limited"])("a server that cannot tell at the moment: %s", (code) => {
  const away = { code, message: "Not now.", retry_after: 0.01 };

  it("is asked again for the user's log, on the same connection", async () => {
    const peer = await connected();
    peer.tell({ type: "reset" });
    const first = await peer.next("sync");
    peer.tell({ type: "error", id: first.id, ...away });
    const second = await peer.next("sync");
    peer.reply(second, { epoch: "F", offset: 7, recovered: false, snapshot: {} });
    await vi.waitFor(() => expect(heard).toContain("synced"));
    expect(statuses.at(-1)).toBe("ready");
  });

  it("is asked again for a conversation, as long as that is wanted", async () => {
    const peer = await connected();
    await following(peer, "c1", 3);
    await following(peer, "c2", 3);
    peer.tell({ type: "reset", conversation: "c1" }, { type: "reset", conversation: "c2" });
    for (const { id } of [await peer.next("open"), await peer.next("open")]) peer.tell({ type: "error", id, ...away });
    link.unfollow("c2");
    const again = await peer.next("open");
    expect(again).toMatchObject({ conversation: "c1" });
    peer.reply(again, { epoch: "D", offset: 0, recovered: false, snapshot: { conversation: { id: "c1" } } });
    await vi.waitFor(() => expect(heard).toEqual(["opened c1"]));
    expect(peer.frames.map(({ type }) => type)).toEqual(["close"]);
  });
});

describe("requests", () => {
  it("gives each reply to the one who asked, whatever their order", async () => {
    const peer = await connected();
    const first = link.request({ type: "title", conversation: "c1", title: "One" });
    const second = link.request({ type: "title", conversation: "c2", title: "Two" });
    const [one, two] = [await peer.next("title"), await peer.next("title")];
    peer.reply(two, { title: "Two" });
    peer.reply(one, { title: "One" });
    await expect(first).resolves.toEqual({ title: "One" });
    await expect(second).resolves.toEqual({ title: "Two" });
  });

  it("says why a command was refused", async () => {
    const peer = await connected();
    const asked = link.request({ type: "stop", turn: "t" });
    const { id } = await peer.next("stop");
    peer.tell({ type: "error", id, code: "rate_limited", message: "Slow down.", retry_after: 2 });
    await expect(asked).rejects.toMatchObject({ code: "rate_limited", retryAfter: 2 });
  });

  it("refuses at once, without a connection, what would have an effect later", async () => {
    await expect(link.request({ type: "stop", turn: "t" })).rejects.toBeInstanceOf(ConnectionLost);
  });

  it("does not send a frame that the server would close the socket for", async () => {
    await connected();
    const asked = link.send({ type: "send", conversation: null, text: "海".repeat(1500), client_id: "x" });
    await expect(asked).rejects.toMatchObject({ code: "too_large" });
  });

  it("asks again, on the next connection, what has a client_id, and nothing else", async () => {
    const peer = await connected();
    const sent = link.send({ type: "send", conversation: null, text: "Hi", client_id: "once" });
    const renamed = link.request({ type: "title", conversation: "c1", title: "One" });
    renamed.catch(() => undefined);
    await peer.next("title");
    peer.cut();
    await expect(renamed).rejects.toBeInstanceOf(ConnectionLost);

    const again = await server.accept();
    await again.welcome({ epoch: "E", offset: 0, recovered: true });
    const repeated = await again.next("send");
    expect(repeated).toMatchObject({ client_id: "once", text: "Hi" });
    again.reply(repeated, { conversation: "c9", message: "m", turn: "t", epoch: "C", offset: 4 });
    await expect(sent).resolves.toMatchObject({ conversation: "c9" });
    expect(again.frames.map(({ type }) => type)).not.toContain("title");
  });

  it("keeps what is sent while offline, and sends it once", async () => {
    const sent = link.send({ type: "send", conversation: null, text: "Later", client_id: "later" });
    link.start();
    const peer = await server.accept();
    await peer.welcome();
    const command = await peer.next("send");
    peer.reply(command, { conversation: "c1", message: "m", turn: "t", epoch: "C", offset: 0 });
    await sent;
    expect(peer.frames.filter(({ type }) => type === "send")).toHaveLength(0);
  });
});

describe("logs", () => {
  it("applies each event once, and renders always", async () => {
    const peer = await connected();
    await following(peer, "c1", 5);
    peer.tell(event("c1", 5), event("c1", 6), event("c1", 6), event("c1", 9, "turn.render"));
    peer.tell(event("c1", 9, "turn.render"), event("c1", 8), event("c1", 10), event("c2", 11));
    await vi.waitFor(() => expect(heard).toContain("message.created 10"));
    expect(heard).toEqual(["message.created 6", "turn.render 9", "turn.render 9", "message.created 10"]);
  });

  it("comes back to the place that it applied last, in both logs", async () => {
    const peer = await connected();
    await following(peer, "c1", 5);
    peer.tell(event("c1", 6), { type: "settings.updated", offset: 3, key: "theme", value: "dark" });
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    peer.close(4408);

    const again = await server.accept();
    expect(await again.welcome({ epoch: "E", offset: 9, recovered: true })).toMatchObject({ epoch: "E", offset: 3 });
    const open = await again.next("open");
    expect(open).toMatchObject({ conversation: "c1", epoch: "C", offset: 6, format: "html" });
    again.reply(open, { epoch: "C", offset: 8, recovered: true });
    again.tell(event("c1", 7), event("c1", 8));
    await vi.waitFor(() => expect(heard.slice(-2)).toEqual(["message.created 7", "message.created 8"]));
    expect(heard.filter((what) => what === "synced")).toHaveLength(0);
  });

  it("passes over what comes between leaving a log and the reply that opens it again", async () => {
    const peer = await connected();
    await following(peer, "c1", 5);
    link.unfollow("c1");
    link.follow("c1");
    const open = await peer.next("open");
    peer.tell(event("c1", 7));
    peer.reply(open, { epoch: "C", offset: 7, recovered: true });
    peer.tell(event("c1", 6), event("c1", 7));
    await vi.waitFor(() => expect(heard).toEqual(["message.created 6", "message.created 7"]));
  });

  it("opens anew, without an offset, what was reset", async () => {
    const peer = await connected();
    await following(peer, "c1", 5);
    peer.tell({ type: "reset", conversation: "c1" }, { type: "reset" });
    expect(await peer.next("open")).not.toHaveProperty("offset");
    const sync = await peer.next("sync");
    expect(sync).not.toHaveProperty("epoch");
  });

  it("follows a new conversation from the reply on, before its first event", async () => {
    const peer = await connected();
    const sent = link.send({ type: "send", conversation: null, text: "Hi", client_id: "a" });
    const command = await peer.next("send");
    peer.reply(command, { conversation: "c7", message: "m1", turn: "t1", epoch: "C", offset: 0 });
    peer.tell(event("c7", 1), event("c7", 2, "turn.started"));
    await sent;
    await vi.waitFor(() => expect(heard).toEqual(["begun c7", "message.created 1", "turn.started 2"]));
  });

  it("does not follow by a late reply what the person has left", async () => {
    const peer = await connected();
    await following(peer, "c1", 5);
    const sent = link.send({ type: "send", conversation: "c1", text: "Hi", client_id: "b" });
    const command = await peer.next("send");
    link.unfollow("c1");
    await peer.next("close");
    peer.reply(command, { conversation: "c1", message: "m", turn: "t", epoch: "C", offset: 5 });
    await sent;
    expect(await peer.next("close")).toMatchObject({ conversation: "c1" });
    expect(heard).toEqual([]);
  });

  it("says when a conversation cannot be opened", async () => {
    const peer = await connected();
    link.follow("gone");
    const { id } = await peer.next("open");
    peer.tell({ type: "error", id, code: "not_found", message: "No such conversation." });
    await vi.waitFor(() => expect(heard).toEqual(["failed gone not_found"]));
  });
});

describe("closing", () => {
  it.each([1001, 1012, 1013, 4408, 4429, 1006])("reconnects after %i", async (code) => {
    const peer = await connected();
    if (code === 1006) peer.cut();
    else peer.close(code);
    const again = await server.accept();
    await again.welcome({ epoch: "E", offset: 0, recovered: true });
    await vi.waitFor(() => expect(statuses.at(-1)).toBe("ready"));
    expect(statuses).toEqual(["connecting", "ready", "waiting", "connecting", "ready"]);
  });

  it.each([
    [4400, "protocol"],
    [4403, "cutOff"],
  ])("stays away after %i", async (code) => {
    const peer = await connected();
    peer.close(code);
    await vi.waitFor(() => expect(statuses.at(-1)).toBe("refused"));
    link.wake();
    expect(server.waitingSockets).toBe(0);
  });

  it("renews its token after 4401, and comes back", async () => {
    link.start();
    (await server.accept()).close(4401);
    const again = await server.accept();
    await again.welcome();
    await vi.waitFor(() => expect(statuses.at(-1)).toBe("ready"));
    expect(reauthenticate).toHaveBeenCalledOnce();
  });

  it("is signed out when the token cannot be renewed, or the new one is not taken either", async () => {
    reauthenticate.mockResolvedValueOnce("denied");
    link.start();
    (await server.accept()).close(4401);
    await vi.waitFor(() => expect(statuses.at(-1)).toBe("signedOut"));

    link.start();
    (await server.accept()).close(4401);
    (await server.accept()).close(4401);
    await vi.waitFor(() => expect(statuses.at(-1)).toBe("signedOut"));
    expect(reauthenticate).toHaveBeenCalledTimes(2);
  });

  it("keeps trying while the server cannot say whether the token is good", async () => {
    reauthenticate.mockResolvedValueOnce("unreachable");
    link.start();
    (await server.accept()).close(4401);
    await (await server.accept()).welcome();
    await vi.waitFor(() => expect(statuses.at(-1)).toBe("ready"));
  });

  it("does not send again what the server found too large", async () => {
    const peer = await connected();
    const sent = link.send({ type: "send", conversation: null, text: "Hi", client_id: "big" });
    sent.catch(() => undefined);
    await peer.next("send");
    peer.close(1009);
    await expect(sent).rejects.toBeInstanceOf(CommandError);
    const again = await server.accept();
    await again.welcome({ epoch: "E", offset: 0, recovered: true });
    const pinged = link.request({ type: "models" });
    again.reply(await again.next("models"), { models: [] });
    await pinged;
    expect(again.frames.map(({ type }) => type)).not.toContain("send");
  });

  it("comes again later when the user's log cannot be had", async () => {
    link.start();
    const peer = await server.accept();
    peer.hello();
    const { id } = await peer.next("sync");
    peer.tell({ type: "error", id, code: "unavailable", message: "No database." });
    await (await server.accept()).welcome();
    await vi.waitFor(() => expect(heard).toContain("synced"));
  });
});

describe("heartbeat", () => {
  it("pings each beat, and drops a line that stays silent for two of them", async () => {
    link.start();
    const peer = await server.accept();
    peer.hello({ heartbeat: 0.1 });
    await peer.next("sync");
    await peer.next("ping");
    await vi.waitFor(() => expect(statuses).toContain("waiting"));
    await server.accept();
  });

  it("stays with a line that answers", async () => {
    link.start();
    const peer = await server.accept();
    peer.hello({ heartbeat: 0.05 });
    await peer.next("sync");
    for (let beat = 0; beat < 6; beat += 1) peer.reply(await peer.next("ping"), {});
    expect(statuses).toEqual(["connecting", "ready"]);
  });

  it("asks at once when the page wakes up", async () => {
    const peer = await connected();
    link.wake();
    await peer.next("ping");
  });
});

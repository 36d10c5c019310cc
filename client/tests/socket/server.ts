import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

type Frame = Record<string, unknown> & { type: string; id: string };

const HELLO = {
  type: "hello",
  protocol: 1,
  connection: "k1",
  session: "s1",
  user: { id: "u1", email: "a@example.org", username: "ada", role: "user", created_at: "2026-03-01T09:00:00Z" },
  heartbeat: 25,
  limits: { frame_bytes: 4096, message_chars: 1000, attachments: {}, active_turns: 8 },
  server: { version: "1" },
};

/** One accepted socket, with everything that it was told. */
export class Peer {
  readonly frames: Frame[] = [];
  private readonly socket: WebSocket;
  private waiting: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Frame);
      this.waiting.splice(0).forEach((wake) => wake());
    });
  }

  /** The next frame of this type, from those that were not asked for before. */
  async next(type: string): Promise<Frame> {
    for (;;) {
      const index = this.frames.findIndex((frame) => frame.type === type);
      const [frame] = index < 0 ? [] : this.frames.splice(index, 1);
      if (frame) return frame;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  tell(...frames: object[]): void {
    frames.forEach((frame) => this.socket.send(JSON.stringify(frame)));
  }

  reply(to: Frame, data: object): void {
    this.tell({ type: "reply", id: to.id, data });
  }

  hello(change: object = {}): void {
    this.tell({ ...HELLO, ...change });
  }

  /** Greets, and answers the `sync` that follows. */
  async welcome(synced: object = { epoch: "E", offset: 0, recovered: false, snapshot: {} }): Promise<Frame> {
    this.hello();
    const sync = await this.next("sync");
    this.reply(sync, synced);
    return sync;
  }

  close(code: number): void {
    this.socket.close(code);
  }

  /** Without a word, as a dead network does it. */
  cut(): void {
    this.socket.terminate();
  }
}

/** A real WebSocket server, of which each test plays the other side by hand. */
export class TestServer {
  readonly url: string;
  private readonly server: WebSocketServer;
  private readonly arrived: Peer[] = [];
  private waiting: (() => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
    server.on("connection", (socket) => {
      this.arrived.push(new Peer(socket));
      this.waiting.splice(0).forEach((wake) => wake());
    });
  }

  static async start(): Promise<TestServer> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await new Promise((resolve) => server.once("listening", resolve));
    return new TestServer(server);
  }

  /** The next socket that a client opens. */
  async accept(): Promise<Peer> {
    while (this.arrived.length === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.arrived.shift() as Peer;
  }

  get waitingSockets(): number {
    return this.arrived.length;
  }

  stop(): void {
    this.server.clients.forEach((socket) => socket.terminate());
    this.server.close();
  }
}

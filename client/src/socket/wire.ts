import type { ServerFrame } from "@/protocol/frames";
import { LINE_LOST } from "@/socket/closing";

export interface WireEvents {
  frame: (frame: ServerFrame) => void;
  /** Once, and the last thing that is heard. */
  closed: (code: number) => void;
}

export type SocketClass = new (url: string, protocols: string[]) => WebSocket;

const HELLO_WITHIN_MS = 15_000;
const PROBE_WITHIN_MS = 4_000;

/** One WebSocket for as long as it lives, and the question whether it still does. */
export class Wire {
  private readonly socket: WebSocket;
  private readonly events: WireEvents;
  private beat: ReturnType<typeof setInterval> | undefined;
  private deadline: ReturnType<typeof setTimeout>;
  /** When the ping was sent after which nothing has been heard. */
  private silentSince: number | null = null;
  private ended = false;

  constructor(url: string, events: WireEvents, Socket: SocketClass) {
    this.events = events;
    this.socket = new Socket(url, ["parley.v1"]);
    this.socket.onmessage = ({ data }) => this.hear(data as string);
    this.socket.onclose = ({ code }) => this.end(code);
    // Says nothing of the reason, and the close that follows says it all.
    this.socket.onerror = () => undefined;
    // A connection attempt into a dead network may hang for minutes.
    this.deadline = setTimeout(() => this.drop(), HELLO_WITHIN_MS);
  }

  send(frame: string): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(frame);
  }

  /**
   * From `hello` on: a ping each beat, and silence for two of them after one means that the line is gone. A beat that
   * comes much too late means that the machine slept, and not every system tells the page of it.
   */
  keepAlive(seconds: number): void {
    clearTimeout(this.deadline);
    let last = Date.now();
    this.beat = setInterval(() => {
      const slept = Date.now() - last > 3 * seconds * 1000;
      last = Date.now();
      if (slept) this.probe();
      else if (this.silentSince === null) this.ping();
      else if (performance.now() - this.silentSince >= 2 * seconds * 1000) this.drop();
    }, seconds * 1000);
  }

  /** Asks at once, with a short time to answer: there is reason to think that the line is gone. */
  probe(): void {
    clearTimeout(this.deadline);
    this.ping();
    this.deadline = setTimeout(() => {
      if (this.silentSince !== null) this.drop();
    }, PROBE_WITHIN_MS);
  }

  close(): void {
    this.end(1000);
    this.socket.close();
  }

  private ping(): void {
    this.silentSince ??= performance.now();
    this.send('{"type":"ping","id":"ping"}');
  }

  private hear(data: string): void {
    if (this.ended) return;
    this.silentSince = null;
    this.events.frame(JSON.parse(data) as ServerFrame);
  }

  /** Does not wait for the closing handshake, which on a dead line ends by its own timeout, much later. */
  private drop(): void {
    this.end(LINE_LOST);
    this.socket.close();
  }

  private end(code: number): void {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.beat);
    clearTimeout(this.deadline);
    this.events.closed(code);
  }
}

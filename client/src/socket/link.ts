/**
 * The tab's one line to the server: it comes back by itself, takes every log up where it was left, and asks again what
 * was not answered. Plain TypeScript; what it learns goes to a listener, in the order in which it came.
 *
 *     idle ─start→ connecting ─hello→ ready ─closed→ waiting ─→ connecting …
 *                      └─4401→ (new token) → connecting, or signedOut          └─4400, 4403→ refused
 */
import type { Hello, Limits, Replies, Sent } from "@/protocol/frames.gen";
import type { Ask, CommandType, ServerFrame } from "@/protocol/frames";
import { backoffDelay } from "@/socket/backoff";
import { type Recovery, recoveryFrom, TOO_LARGE } from "@/socket/closing";
import { CommandError, ConnectionLost } from "@/socket/errors";
import { Following, type FollowingListener } from "@/socket/following";
import { Requests, type Waiting } from "@/socket/requests";
import { type SocketClass, Wire } from "@/socket/wire";

export type LinkStatus = "idle" | "connecting" | "ready" | "waiting" | "signedOut" | "refused";
export type Refusal = Extract<Recovery, { kind: "refused" }>["why"];

export interface LinkListener extends FollowingListener {
  /** `retryInMs`, while waiting: when the next try begins. */
  status: (status: LinkStatus, refusal?: Refusal, retryInMs?: number) => void;
  hello: (hello: Hello) => void;
}

export interface LinkOptions {
  url: string;
  listener: LinkListener;
  /** Gets a new access token; `unreachable` says nothing about the old one. */
  reauthenticate: () => Promise<"renewed" | "denied" | "unreachable">;
  Socket?: SocketClass;
}

/** A connection that lasted this long was a good one, and the next try is the first again. */
const STEADY_MS = 5_000;

export class Link {
  private readonly options: LinkOptions;
  private readonly requests = new Requests();
  private readonly following: Following;
  private wire: Wire | null = null;
  private status: LinkStatus = "idle";
  private limits: Limits | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private readySince = 0;
  /** A token was renewed and nothing has come of it yet: asking for another would go round in circles. */
  private renewed = false;

  constructor(options: LinkOptions) {
    this.options = options;
    this.following = new Following({
      listener: options.listener,
      ask: (command, waiting) => {
        if (this.status === "ready") this.ask(command, waiting);
      },
      // Without the user's log nothing is right: come again, with patience.
      syncFailed: (error) => {
        if (error instanceof CommandError && error.code !== "forbidden") this.comeAgain();
      },
    });
  }

  start(): void {
    if (this.wire) return;
    clearTimeout(this.retry);
    this.become("connecting");
    this.wire = new Wire(
      this.options.url,
      { frame: (frame) => this.receive(frame), closed: (code) => this.closed(code) },
      this.options.Socket ?? WebSocket,
    );
  }

  /** Ends, and forgets everything: the next start may be somebody else's. */
  stop(): void {
    clearTimeout(this.retry);
    const { wire } = this;
    this.wire = null;
    this.become("idle");
    wire?.close();
    this.requests.clear();
    this.following.forgetAll();
    this.attempt = 0;
    this.renewed = false;
  }

  /** The page became visible, or the network came or went: do not wait for timers that may have been frozen. */
  wake(): void {
    if (this.status === "waiting") this.start();
    else if (this.status === "ready") this.wire?.probe();
  }

  /**
   * Asks the server. A command with a `client_id` waits for a connection and outlives it; any other is refused with
   * ConnectionLost when there is none.
   */
  request<T extends CommandType>(command: Ask<T>): Promise<Replies[T]> {
    return new Promise((resolve, reject) => this.ask(command, { replied: resolve, failed: reject }));
  }

  /** A new conversation is followed from the moment of the reply, before its first event. */
  send(command: Ask<"send">): Promise<Sent> {
    return new Promise((resolve, reject) =>
      this.ask(command, {
        replied: (sent) => {
          this.following.adopt(command.conversation, sent);
          resolve(sent);
        },
        failed: reject,
      }),
    );
  }

  follow(conversation: string): void {
    this.following.follow(conversation);
  }

  unfollow(conversation: string): void {
    this.following.unfollow(conversation);
  }

  forget(conversation: string): void {
    this.following.forget(conversation);
  }

  private ask<T extends CommandType>(command: Ask<T>, waiting: Waiting<T>): void {
    const { id, frame, repeatable } = this.requests.add(command, waiting);
    if (this.limits && new TextEncoder().encode(frame).length > this.limits.frame_bytes) {
      this.requests.fail(id, new CommandError({ code: "too_large", message: "The message is too large." }));
    } else if (this.status === "ready") {
      this.wire?.send(frame);
    } else if (!repeatable) {
      this.requests.fail(id, new ConnectionLost());
    }
  }

  private receive(frame: ServerFrame): void {
    if (frame.type === "hello") this.greet(frame);
    else if (frame.type === "reply") this.requests.reply(frame.id, frame.data);
    else if (frame.type === "error") this.requests.fail(frame.id ?? "", new CommandError(frame));
    else if (frame.type === "reset") this.following.reset(frame.conversation);
    else this.following.receive(frame);
  }

  private greet(hello: Hello): void {
    this.limits = hello.limits;
    this.renewed = false;
    this.readySince = performance.now();
    this.wire?.keepAlive(hello.heartbeat);
    const repeated = this.requests.unanswered();
    this.options.listener.hello(hello);
    this.become("ready");
    // Commands take effect in the order in which they were sent: the logs first, so that what is asked again is seen.
    this.following.resume();
    repeated.forEach((frame) => this.wire?.send(frame));
  }

  private closed(code: number): void {
    if (!this.wire) return;
    this.wire = null;
    const steady = this.status === "ready" && performance.now() - this.readySince > STEADY_MS;
    // Before anyone hears of what failed: who asks again then has to wait like everyone else.
    this.status = "waiting";
    if (code === TOO_LARGE) this.requests.loseLargest();
    this.requests.lose();
    this.following.interrupt();
    const recovery = recoveryFrom(code);
    if (steady && !(recovery.kind === "backOff" && recovery.strained)) this.attempt = 0;
    this.recover(recovery);
  }

  private recover(recovery: Recovery): void {
    switch (recovery.kind) {
      case "reconnect":
        this.wait(Math.random() * recovery.withinMs);
        break;
      case "backOff":
        this.wait(backoffDelay(this.attempt));
        this.attempt += 1;
        break;
      case "reauthenticate":
        void this.reauthenticate();
        break;
      case "refused":
        this.become("refused", recovery.why);
        this.requests.clear();
    }
  }

  private wait(ms: number): void {
    this.become("waiting", undefined, ms);
    this.retry = setTimeout(() => this.start(), ms);
  }

  private comeAgain(): void {
    const { wire } = this;
    this.closed(1013);
    wire?.close();
  }

  private async reauthenticate(): Promise<void> {
    this.become("connecting");
    const outcome = this.renewed ? "denied" : await this.options.reauthenticate();
    // Stopped, or started anew, while the answer was on its way.
    if (this.status !== "connecting" || this.wire) return;
    this.renewed = outcome === "renewed";
    if (outcome === "renewed") this.start();
    else if (outcome === "denied") this.become("signedOut");
    else this.recover({ kind: "backOff", strained: false });
  }

  private become(status: LinkStatus, refusal?: Refusal, retryInMs?: number): void {
    this.status = status;
    this.options.listener.status(status, refusal, retryInMs);
  }
}

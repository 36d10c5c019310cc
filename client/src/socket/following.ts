import type { ConversationSnapshot, Sent, UserSnapshot } from "@/protocol/frames.gen";
import type { Ask, CommandType, ConversationEvent, UserEvent } from "@/protocol/frames";
import { isConversationEvent } from "@/protocol/frames";
import { CommandError } from "@/socket/errors";
import { Log } from "@/socket/logs";
import type { Waiting } from "@/socket/requests";

export interface FollowingListener {
  /** The user's log is followed again. What was held of it is replaced by this; null: it goes on from there. */
  synced: (snapshot: UserSnapshot | null) => void;
  /** What was held of a conversation's log is replaced by this. */
  opened: (snapshot: ConversationSnapshot) => void;
  openFailed: (conversation: string, error: CommandError) => void;
  /** A `send` made a conversation and follows it from its very beginning. */
  begun: (conversation: string) => void;
  userEvent: (event: UserEvent) => void;
  conversationEvent: (event: ConversationEvent) => void;
}

export interface FollowingOptions {
  listener: FollowingListener;
  /** Sends a command if there is a connection; else nothing comes of it, and `resume` will follow. */
  ask: <T extends CommandType>(command: Ask<T>, waiting: Waiting<T>) => void;
  syncFailed: (error: Error) => void;
}

/** The logs that this tab follows: the user's, and those of the conversations that are wanted. */
export class Following {
  private readonly options: FollowingOptions;
  private readonly userLog = new Log();
  private readonly logs = new Map<string, Log>();
  /** To be followed now and after every reconnect. */
  private readonly wanted = new Set<string>();
  /** Counts the connections that were lost: what was put off on one is nothing to the next. */
  private connection = 0;

  constructor(options: FollowingOptions) {
    this.options = options;
  }

  /** On a new connection: everything again, from where it was left. */
  resume(): void {
    this.sync();
    this.wanted.forEach((conversation) => this.open(conversation));
  }

  /** The connection is gone. */
  interrupt(): void {
    this.connection += 1;
    this.userLog.left();
    this.logs.forEach((log) => log.left());
  }

  follow(conversation: string): void {
    if (this.wanted.has(conversation)) return;
    this.wanted.add(conversation);
    this.open(conversation);
  }

  /** The place is kept: to follow again costs only what was missed. */
  unfollow(conversation: string): void {
    if (!this.wanted.delete(conversation)) return;
    this.log(conversation).left();
    this.close(conversation);
  }

  /** What was held of a conversation is gone: following it again starts from a snapshot. */
  forget(conversation: string): void {
    this.logs.delete(conversation);
  }

  forgetAll(): void {
    this.connection += 1;
    this.userLog.forget();
    this.logs.clear();
    this.wanted.clear();
  }

  /** A `send` was answered: the socket now follows its conversation, whether it did before or not. */
  adopt(asked: string | null, { conversation, epoch, offset }: Sent): void {
    if (this.wanted.has(conversation)) return;
    if (asked !== null) {
      // An old conversation that was left in the meantime is not to be followed by this detour.
      this.close(conversation);
      return;
    }
    this.wanted.add(conversation);
    this.log(conversation).opened({ epoch, offset, recovered: false });
    this.options.listener.begun(conversation);
  }

  reset(conversation: string | undefined): void {
    if (conversation === undefined) {
      this.userLog.forget();
      this.sync();
    } else {
      this.logs.delete(conversation);
      if (this.wanted.has(conversation)) this.open(conversation);
    }
  }

  receive(event: UserEvent | ConversationEvent): void {
    if (isConversationEvent(event)) {
      if (this.logs.get(event.conversation)?.takes(event)) this.options.listener.conversationEvent(event);
    } else if (this.userLog.takes(event)) {
      this.options.listener.userEvent(event);
    }
  }

  private sync(): void {
    this.userLog.left();
    this.options.ask(
      { type: "sync", ...this.userLog.resume },
      {
        replied: (reply) => {
          this.userLog.opened(reply);
          this.options.listener.synced(reply.snapshot ?? null);
        },
        failed: (error) => {
          if (!this.later(error, this.userLog, () => this.sync())) this.options.syncFailed(error);
        },
      },
    );
  }

  private open(conversation: string): void {
    const log = this.log(conversation);
    log.left();
    this.options.ask(
      { type: "open", conversation, format: "html", ...log.resume },
      {
        replied: (reply) => {
          // Left or reset while the reply was on its way: another one counts.
          if (!this.wanted.has(conversation) || this.logs.get(conversation) !== log) return;
          log.opened(reply);
          if (reply.snapshot) this.options.listener.opened(reply.snapshot);
        },
        failed: (error) => {
          const again = () => {
            if (this.wanted.has(conversation) && this.logs.get(conversation) === log) this.open(conversation);
          };
          if (this.later(error, log, again)) return;
          if (error instanceof CommandError) this.options.listener.openFailed(conversation, error);
        },
      },
    );
  }

  /** The server cannot tell at the moment, and says when to ask again. A new connection asks by itself. */
  private later(error: Error, log: Log, again: () => void): boolean {
    if (!(error instanceof CommandError) || error.retryAfter === undefined) return false;
    const { connection } = this;
    const delay = error.retryAfter * 1000 * (1 + Math.random() / 2);
    setTimeout(() => {
      if (this.connection === connection && !log.following) again();
    }, delay);
    return true;
  }

  private close(conversation: string): void {
    this.options.ask({ type: "close", conversation }, { replied: () => undefined, failed: () => undefined });
  }

  private log(conversation: string): Log {
    const log = this.logs.get(conversation) ?? new Log();
    this.logs.set(conversation, log);
    return log;
  }
}

import type { Replies } from "@/protocol/frames.gen";
import type { Ask, CommandType } from "@/protocol/frames";
import { CommandError, ConnectionLost } from "@/socket/errors";

/** What waits for a command's outcome. Called in the same step in which its frame is read, before the next frame is. */
export interface Waiting<T extends CommandType> {
  replied: (data: Replies[T]) => void;
  failed: (error: Error) => void;
}

interface Request {
  id: string;
  frame: string;
  /** Has a `client_id`: asking again has no second effect, so it outlives the connection. */
  repeatable: boolean;
  waiting: Waiting<CommandType>;
}

/** Commands without an answer, in the order in which they were asked. */
export class Requests {
  private readonly open = new Map<string, Request>();
  private last = 0;

  add<T extends CommandType>(command: Ask<T>, waiting: Waiting<T>): Request {
    this.last += 1;
    const id = String(this.last);
    const request: Request = {
      id,
      frame: JSON.stringify({ ...command, id }),
      repeatable: "client_id" in command && typeof command.client_id === "string",
      waiting: waiting as Waiting<CommandType>,
    };
    this.open.set(id, request);
    return request;
  }

  reply(id: string, data: Replies[CommandType]): void {
    this.take(id)?.waiting.replied(data);
  }

  fail(id: string, error: Error): void {
    this.take(id)?.waiting.failed(error);
  }

  /** The connection is gone: what cannot be asked again fails now. */
  lose(): void {
    for (const { id, repeatable } of [...this.open.values()]) {
      if (!repeatable) this.fail(id, new ConnectionLost());
    }
  }

  /** The server closed over a frame that was too large: it is not sent again. */
  loseLargest(): void {
    const [largest] = [...this.open.values()].sort((a, b) => b.frame.length - a.frame.length);
    if (largest) this.fail(largest.id, new CommandError({ code: "too_large", message: "The frame is too large." }));
  }

  /** All fail: nobody will answer any more. */
  clear(): void {
    for (const id of [...this.open.keys()]) this.fail(id, new ConnectionLost());
  }

  unanswered(): string[] {
    return [...this.open.values()].filter(({ repeatable }) => repeatable).map(({ frame }) => frame);
  }

  private take(id: string): Request | undefined {
    const request = this.open.get(id);
    this.open.delete(id);
    return request;
  }
}

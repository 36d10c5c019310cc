import type { ErrorCode, Error as ErrorFrame } from "@/protocol/frames.gen";

/** The server refused a command, and says why. */
export class CommandError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(frame: Pick<ErrorFrame, "code" | "message" | "field" | "retry_after">) {
    super(frame.message);
    this.name = "CommandError";
    this.code = frame.code;
    this.field = frame.field;
    this.retryAfter = frame.retry_after;
  }
}

/** There is no connection, and the command is not of the kind that waits for the next one. */
export class ConnectionLost extends Error {
  constructor() {
    super("There is no connection to the server.");
    this.name = "ConnectionLost";
  }
}

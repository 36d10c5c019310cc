/** Names for what the generated types leave unnamed. */
import type { AnyCommand, AnyEvent, Error as ErrorFrame, Hello, Replies } from "@/protocol/frames.gen";

export type CommandType = AnyCommand["type"];

/** A command as its caller writes it: the socket gives it an id. */
export type Ask<T extends CommandType> = { type: T } & Omit<Extract<AnyCommand, { type: T }>, "id" | "type">;

export interface ReplyFrame {
  type: "reply";
  id: string;
  data: Replies[CommandType];
}

export type ServerFrame = Hello | ReplyFrame | ErrorFrame | AnyEvent;

export type EventOf<T extends AnyEvent["type"]> = Extract<AnyEvent, { type: T }>;

const CONVERSATION_EVENTS = [
  "message.created",
  "message.updated",
  "turn.started",
  "turn.delta",
  "turn.render",
  "turn.finished",
  "path.selected",
] as const satisfies AnyEvent["type"][];

export type ConversationEvent = EventOf<(typeof CONVERSATION_EVENTS)[number]>;
export type UserEvent = Exclude<AnyEvent, ConversationEvent | EventOf<"reset">>;

export function isConversationEvent(event: AnyEvent): event is ConversationEvent {
  return (CONVERSATION_EVENTS as readonly string[]).includes(event.type);
}

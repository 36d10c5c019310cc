/** A conversation's messages are a tree, of which a client holds one path from root to leaf. */
import type { ConversationSnapshot, Message, Status } from "@/protocol/frames.gen";

export function isLive(status: Status): boolean {
  return status === "pending" || status === "streaming";
}

/** The answer that is being written on this path, if one is. */
export function liveMessage(messages: Message[]): Message | undefined {
  return messages.findLast((message) => isLive(message.status));
}

/** Where a message stands among those with the same parent, counted from 1. */
export function siblingPosition(message: Message): { position: number; count: number } {
  return { position: message.siblings.indexOf(message.id) + 1, count: message.siblings.length };
}

/** Puts an older page, as `history` gave it, before the path that is held. */
export function prependHistory(
  snapshot: ConversationSnapshot,
  page: { messages: Message[]; next: string | null },
): ConversationSnapshot {
  const oldest = snapshot.messages[0];
  const belongs = oldest === undefined || page.messages.at(-1)?.id === oldest.parent;
  // The path moved while the page was on its way: it is not the past of what is held now.
  if (!belongs) return snapshot;
  return { ...snapshot, messages: [...page.messages, ...snapshot.messages], next: page.next };
}

import type { Conversation } from "@/protocol/frames.gen";

export const GROUPS = ["pinned", "today", "yesterday", "week", "month", "older"] as const;
export type Group = (typeof GROUPS)[number];

export interface ConversationGroup {
  name: Group;
  conversations: Conversation[];
}

/** Newest first. */
export function byActivity(conversations: Iterable<Conversation>): Conversation[] {
  return [...conversations].sort((a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at));
}

/** By local calendar days, newest activity first; groups without a conversation are left out. */
export function groupConversations(conversations: Iterable<Conversation>, now: Date): ConversationGroup[] {
  const groups = new Map<Group, Conversation[]>(GROUPS.map((name) => [name, []]));
  for (const conversation of byActivity(conversations)) groups.get(groupOf(conversation, now))?.push(conversation);
  return [...groups].map(([name, members]) => ({ name, conversations: members })).filter(hasMembers);
}

function groupOf(conversation: Conversation, now: Date): Group {
  if (conversation.pinned) return "pinned";
  const updated = Date.parse(conversation.updated_at);
  if (updated >= startOfDay(now, 0)) return "today";
  if (updated >= startOfDay(now, 1)) return "yesterday";
  if (updated >= startOfDay(now, 7)) return "week";
  if (updated >= startOfDay(now, 30)) return "month";
  return "older";
}

/** Not by 24 hours each: some days have 23 or 25. */
function startOfDay(now: Date, daysAgo: number): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo).getTime();
}

function hasMembers(group: ConversationGroup): boolean {
  return group.conversations.length > 0;
}

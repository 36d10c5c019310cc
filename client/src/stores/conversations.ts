import type { Conversation, Listed, UserSnapshot } from "@/protocol/frames.gen";
import type { Ask, EventOf } from "@/protocol/frames";
import { useLink } from "@/stores/link";
import { isLive } from "@/transcript/tree";
import { defineStore } from "pinia";
import { computed, ref, shallowReactive } from "vue";

const PAGE = 50;

/** The user's conversations, as far as they are loaded, and what goes on in them anywhere. */
export const useConversations = defineStore("conversations", () => {
  const link = useLink();
  const byId = shallowReactive(new Map<string, Conversation>());
  /** Conversation → the turn that is running in it. */
  const liveTurns = shallowReactive(new Map<string, string>());
  /** Deleted here, and to be had back for a moment. */
  const hidden = shallowReactive(new Set<string>());
  const next = ref<string | null>(null);
  const synced = ref(false);
  const loading = ref(false);

  const listed = computed(() =>
    [...byId.values()].filter(({ id, archived, temporary }) => !archived && !temporary && !hidden.has(id)),
  );

  function replaceAll(snapshot: UserSnapshot): void {
    byId.clear();
    liveTurns.clear();
    snapshot.conversations.forEach(put);
    snapshot.live_turns.forEach((turn) => liveTurns.set(turn.conversation, turn.turn));
    next.value = snapshot.next;
    synced.value = true;
  }

  function clear(): void {
    byId.clear();
    liveTurns.clear();
    next.value = null;
    synced.value = false;
  }

  function put(conversation: Conversation): void {
    byId.set(conversation.id, conversation);
    if (conversation.live_turn) liveTurns.set(conversation.id, conversation.live_turn);
    else liveTurns.delete(conversation.id);
  }

  /** Of a page: what is known already came by an event, and is newer. */
  function putOlder(page: Conversation[]): void {
    page.filter(({ id }) => !byId.has(id)).forEach(put);
  }

  /** Of folders that are gone. */
  function leaveFolders(gone: (folder: string) => boolean): void {
    for (const { folder, ...conversation } of [...byId.values()]) {
      if (folder && gone(folder)) byId.set(conversation.id, conversation);
    }
  }

  function drop(id: string): void {
    byId.delete(id);
    liveTurns.delete(id);
  }

  function turnChanged({ conversation, turn, status }: EventOf<"turn.status">): void {
    if (isLive(status)) liveTurns.set(conversation, turn);
    else if (liveTurns.get(conversation) === turn) liveTurns.delete(conversation);
  }

  async function loadMore(): Promise<void> {
    if (loading.value || next.value === null) return;
    loading.value = true;
    try {
      // Those in folders come when their folder is looked into.
      const page = await link.request({ type: "list", folder: null, before: next.value, limit: PAGE });
      putOlder(page.conversations);
      next.value = page.next;
    } finally {
      loading.value = false;
    }
  }

  async function loadArchived(before: string | null): Promise<Listed> {
    const page = await link.request({ type: "list", archived: true, before, limit: PAGE });
    page.conversations.forEach(put);
    return page;
  }

  async function rename(id: string, title: string): Promise<void> {
    const reply = await link.request({ type: "title", conversation: id, title });
    const conversation = byId.get(id);
    if (conversation) put({ ...conversation, title: reply.title });
  }

  async function update(id: string, change: Omit<Ask<"update">, "type" | "conversation">): Promise<void> {
    put((await link.request({ type: "update", conversation: id, ...change })).conversation);
  }

  async function remove(id: string): Promise<void> {
    await link.request({ type: "delete", conversations: [id] });
    drop(id);
  }

  /** Someone looks at it. */
  async function markRead(id: string, message: string): Promise<void> {
    if (byId.get(id)?.unread) await link.request({ type: "read", conversation: id, message });
  }

  return {
    byId, liveTurns, hidden, next, synced, loading, listed,
    replaceAll, clear, put, putOlder, leaveFolders, drop, turnChanged, loadMore, loadArchived, rename, update, remove, markRead,
  };
});

import type { Conversation, ConversationSnapshot } from "@/protocol/frames.gen";
import type { ConversationEvent } from "@/protocol/frames";
import type { CommandError } from "@/socket/errors";
import { useLink } from "@/stores/link";
import { fold } from "@/transcript/fold";
import { prependHistory } from "@/transcript/tree";
import { defineStore } from "pinia";
import { ref, shallowReactive } from "vue";

/** Conversations that are kept after they were left: going back to them costs only what was missed. */
const KEPT = 12;
const PAGE = 50;

/** The transcripts that this tab holds, of which it follows the one that is shown. */
export const useTranscripts = defineStore("transcripts", () => {
  const link = useLink();
  const held = shallowReactive(new Map<string, ConversationSnapshot>());
  /** Why a conversation could not be opened. */
  const failures = shallowReactive(new Map<string, CommandError>());
  const shown = ref<string | null>(null);
  let loading: Promise<void> | null = null;

  function show(conversation: string | null): void {
    if (shown.value === conversation) return;
    if (shown.value !== null) link.unfollow(shown.value);
    shown.value = conversation;
    if (conversation === null) return;
    failures.delete(conversation);
    link.follow(conversation);
    keepRecent(conversation);
  }

  function opened(snapshot: ConversationSnapshot): void {
    failures.delete(snapshot.conversation.id);
    held.set(snapshot.conversation.id, snapshot);
  }

  function begun(conversation: string): void {
    held.set(conversation, { conversation: blank(conversation), messages: [], next: null, live: [] });
  }

  function openFailed(conversation: string, error: CommandError): void {
    failures.set(conversation, error);
  }

  function apply(event: ConversationEvent): void {
    const state = held.get(event.conversation);
    if (state) held.set(event.conversation, fold(state, event, "html"));
  }

  function drop(conversation: string): void {
    link.unfollow(conversation);
    forget(conversation);
    if (shown.value === conversation) shown.value = null;
  }

  function clear(): void {
    held.clear();
    failures.clear();
    shown.value = null;
  }

  /** One page at a time: who asks while one is on its way waits for that one. */
  function loadOlder(conversation: string): Promise<void> {
    loading ??= loadPage(conversation).finally(() => (loading = null));
    return loading;
  }

  async function loadPage(conversation: string): Promise<void> {
    const before = held.get(conversation)?.next;
    if (!before) return;
    const page = await link.request({ type: "history", conversation, before, limit: PAGE });
    const state = held.get(conversation);
    if (state) held.set(conversation, prependHistory(state, page));
  }

  function keepRecent(conversation: string): void {
    const state = held.get(conversation);
    if (state) {
      held.delete(conversation);
      held.set(conversation, state);
    }
    const oldest = held.keys().next().value;
    if (held.size > KEPT && oldest !== undefined && oldest !== conversation) forget(oldest);
  }

  function forget(conversation: string): void {
    held.delete(conversation);
    link.forget(conversation);
  }

  return { held, failures, shown, show, opened, begun, openFailed, apply, drop, clear, loadOlder };
});

/** Until the user's log tells more of a conversation that a `send` has just made. */
function blank(id: string): Conversation {
  const now = new Date().toISOString();
  return {
    id,
    title: "",
    model: null,
    system_prompt: "",
    params: {},
    pinned: false,
    archived: false,
    leaf: null,
    unread: false,
    created_at: now,
    updated_at: now,
  };
}

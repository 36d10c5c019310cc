import type { Message } from "@/protocol/frames.gen";
import { newClientId } from "@/socket/clientId";
import { useLink } from "@/stores/link";
import { useTranscripts } from "@/stores/transcripts";
import { useSessionStorage } from "@vueuse/core";
import { defineStore } from "pinia";
import { computed, shallowReactive, watch } from "vue";

export interface Outgoing {
  clientId: string;
  /** Null: the message makes a new conversation. */
  conversation: string | null;
  text: string;
  parent: string | undefined;
  model: string | undefined;
  /** The new conversation is not kept. */
  temporary: boolean;
  state: "pending" | "sent" | "failed";
  error?: Error;
  /** Once it is stored, its id. */
  message?: string;
}

/** Messages that were typed and do not stand in a transcript yet. */
export const useOutgoing = defineStore("outgoing", () => {
  const link = useLink();
  const transcripts = useTranscripts();
  const entries = shallowReactive(new Map<string, Outgoing>());
  /** Message → client id: what was shown before it was stored keeps its place on the page. */
  const origins = new Map<string, string>();

  const list = computed(() => [...entries.values()]);
  /** What would be lost with the page. */
  const kept = useSessionStorage<Outgoing[]>("parley.outgoing", []);
  watch(list, (now) => {
    // An error cannot be kept; the next try finds out anew.
    kept.value = now.filter(({ state }) => state !== "sent").map((entry) => ({ ...entry, error: undefined }));
  });

  /** Resolves with the conversation once the message is stored; null when it failed, and is shown so. */
  function send(draft: Pick<Outgoing, "conversation" | "text" | "parent" | "model" | "temporary">): Promise<string | null> {
    return attempt({ ...draft, clientId: newClientId(), state: "pending" });
  }

  /** The same client id again: if the first try did arrive after all, it has no second effect. */
  function retry(clientId: string): Promise<string | null> {
    const entry = entries.get(clientId);
    return entry ? attempt({ ...entry, state: "pending" }) : Promise.resolve(null);
  }

  /** What the page before a reload had not sent: of each, the conversation it was for, and the one it gets to. */
  function resume(): { before: string | null; sent: Promise<string | null> }[] {
    const waiting = kept.value.filter(({ clientId }) => !entries.has(clientId));
    return waiting.map((entry) => ({ before: entry.conversation, sent: attempt({ ...entry, state: "pending" }) }));
  }

  async function attempt(entry: Outgoing): Promise<string | null> {
    entries.set(entry.clientId, entry);
    try {
      const sent = await link.send({
        type: "send",
        conversation: entry.conversation,
        text: entry.text,
        client_id: entry.clientId,
        ...(entry.parent === undefined ? {} : { parent: entry.parent }),
        ...(entry.temporary ? { temporary: true } : {}),
        ...(entry.model === undefined ? {} : { model: entry.model }),
      });
      origins.set(sent.message, entry.clientId);
      change(entry.clientId, { state: "sent", conversation: sent.conversation, message: sent.message });
      // Asked twice, it may have been in the transcript before this reply; elsewhere nobody waits for it to appear.
      const transcript = transcripts.held.get(sent.conversation);
      if (transcripts.shown === sent.conversation) arrived(transcript?.messages ?? []);
      else if (entry.conversation !== null) discard(entry.clientId);
      return sent.conversation;
    } catch (error) {
      change(entry.clientId, { state: "failed", error: error as Error });
      return null;
    }
  }

  function discard(clientId: string): void {
    entries.delete(clientId);
  }

  /** These stand in a transcript now. */
  function arrived(messages: Message[]): void {
    for (const { id } of messages) {
      const clientId = origins.get(id);
      if (clientId) entries.delete(clientId);
    }
  }

  function clear(): void {
    entries.clear();
    origins.clear();
  }

  /** Also what earlier pages had kept. */
  function forget(): void {
    clear();
    kept.value = [];
  }

  function change(clientId: string, fields: Partial<Outgoing>): void {
    const entry = entries.get(clientId);
    if (entry) entries.set(clientId, { ...entry, ...fields });
  }

  return { list, send, retry, resume, discard, arrived, clear, forget, keyOf: (message: string) => origins.get(message) ?? message };
});

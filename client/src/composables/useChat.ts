import { useErrorWords } from "@/composables/useErrorWords";
import type { ConversationSnapshot, Message } from "@/protocol/frames.gen";
import { useConversations } from "@/stores/conversations";
import { useLink } from "@/stores/link";
import { useModels } from "@/stores/models";
import { type Outgoing, useOutgoing, type Wish } from "@/stores/outgoing";
import { usePage } from "@/stores/page";
import { useToasts } from "@/stores/toasts";
import { useTranscripts } from "@/stores/transcripts";
import { liveMessage } from "@/transcript/tree";
import { computed, type Ref } from "vue";

/** One conversation on the page, or null for one that does not exist yet, and what can be done in it. */
export function useChat(id: Ref<string | null>) {
  const conversations = useConversations();
  const link = useLink();
  const models = useModels();
  const outgoing = useOutgoing();
  const page = usePage();
  const toasts = useToasts();
  const transcripts = useTranscripts();
  const { orTell, words } = useErrorWords();

  const snapshot = computed<ConversationSnapshot | null>(() => (id.value && transcripts.held.get(id.value)) || null);
  const conversation = computed(
    () => (id.value && conversations.byId.get(id.value)) || snapshot.value?.conversation || null,
  );
  const unstored = computed<Outgoing[]>(() => outgoing.list.filter((entry) => entry.conversation === id.value));
  const live = computed(() => (snapshot.value ? liveMessage(snapshot.value.messages) : undefined));
  /** The turn that runs on a branch which is not shown. */
  const elsewhere = computed(() => (live.value ? null : (snapshot.value?.conversation.live_turn ?? null)));
  /** Something is asked already, or an answer is being written: one after the other. */
  const busy = computed(
    () => Boolean(live.value ?? elsewhere.value) || unstored.value.some(({ state }) => state !== "failed"),
  );
  const model = computed(() =>
    id.value === null ? models.forNewChat : (models.byId.get(conversation.value?.model ?? "") ?? models.standard),
  );

  const temporary = computed(() => (id.value === null ? page.temporary : (conversation.value?.temporary ?? false)));

  /** The conversation once the message is stored, null if it is not. */
  async function send(text: string): Promise<string | null> {
    const parent = snapshot.value?.messages.at(-1)?.id;
    const chosen = id.value === null ? model.value?.id : undefined;
    const entry = await outgoing.ask(id.value, {
      type: "send",
      conversation: id.value,
      text,
      ...(parent === undefined ? {} : { parent }),
      ...(chosen === undefined ? {} : { model: chosen }),
      ...(id.value === null && page.temporary ? { temporary: true } : {}),
    });
    return entry.state === "sent" ? entry.conversation : null;
  }

  /** What was written in the question's place stays there until it is stored. */
  async function edit(message: Message, text: string): Promise<void> {
    const before = unstored.value.find(({ wish }) => wish.type === "edit" && wish.message === message.id);
    const same = before?.wish.type === "edit" && before.wish.text === text;
    if (before && !same) outgoing.discard(before.clientId);
    const wish: Wish = { type: "edit", message: message.id, text };
    const entry = before && same ? await outgoing.retry(before.clientId) : await outgoing.ask(message.conversation, wish);
    if (entry?.state === "sent") page.editing.delete(message.id);
  }

  function cancelEdit(message: Message): void {
    page.editing.delete(message.id);
    const failed = unstored.value.find(({ wish }) => wish.type === "edit" && wish.message === message.id);
    if (failed) outgoing.discard(failed.clientId);
  }

  function regenerate(turn: Message, withModel?: string): Promise<void> {
    return askAbout(turn, {
      type: "regenerate",
      turn: turn.id,
      ...(withModel === undefined ? {} : { model: withModel }),
    });
  }

  function goOn(turn: Message): Promise<void> {
    return askAbout(turn, { type: "continue", turn: turn.id });
  }

  /** There is nothing of one's own in it: when it fails, it is said and forgotten. */
  async function askAbout(turn: Message, wish: Wish): Promise<void> {
    const { clientId, state, error } = await outgoing.ask(turn.conversation, wish);
    if (state !== "failed") return;
    outgoing.discard(clientId);
    toasts.show("error", words(error));
  }

  async function stop(): Promise<void> {
    const turn = live.value?.id ?? elsewhere.value;
    if (turn) await orTell(link.request({ type: "stop", turn }));
  }

  async function select(message: string): Promise<void> {
    await orTell(link.request({ type: "select", message }));
  }

  async function chooseModel(chosen: string): Promise<void> {
    if (id.value === null) models.chosen = chosen;
    else await orTell(conversations.update(id.value, { model: chosen }));
  }

  return {
    snapshot, conversation, unstored, live, elsewhere, busy, model, temporary,
    send, edit, cancelEdit, regenerate, goOn, stop, select, chooseModel,
  };
}

export type Chat = ReturnType<typeof useChat>;

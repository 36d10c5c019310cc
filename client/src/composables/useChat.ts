import { useErrorWords } from "@/composables/useErrorWords";
import type { ConversationSnapshot, Message } from "@/protocol/frames.gen";
import { newClientId } from "@/socket/clientId";
import { useConversations } from "@/stores/conversations";
import { useLink } from "@/stores/link";
import { useModels } from "@/stores/models";
import { type Outgoing, useOutgoing } from "@/stores/outgoing";
import { usePage } from "@/stores/page";
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
  const transcripts = useTranscripts();
  const { orTell } = useErrorWords();

  const snapshot = computed<ConversationSnapshot | null>(() => (id.value && transcripts.held.get(id.value)) || null);
  const conversation = computed(
    () => (id.value && conversations.byId.get(id.value)) || snapshot.value?.conversation || null,
  );
  const unstored = computed<Outgoing[]>(() => outgoing.list.filter((entry) => entry.conversation === id.value));
  const live = computed(() => (snapshot.value ? liveMessage(snapshot.value.messages) : undefined));
  /** A send is on its way, or its answer is being written: one after the other. */
  const busy = computed(() => live.value !== undefined || unstored.value.some(({ state }) => state !== "failed"));
  const model = computed(() =>
    id.value === null ? models.forNewChat : (models.byId.get(conversation.value?.model ?? "") ?? models.standard),
  );

  const temporary = computed(() => (id.value === null ? page.temporary : (conversation.value?.temporary ?? false)));

  /** The conversation once the message is stored, null if it is not. */
  function send(text: string): Promise<string | null> {
    return outgoing.send({
      conversation: id.value,
      text,
      parent: snapshot.value?.messages.at(-1)?.id,
      model: id.value === null ? model.value?.id : undefined,
      temporary: id.value === null && page.temporary,
    });
  }

  async function stop(): Promise<void> {
    if (live.value) await orTell(link.request({ type: "stop", turn: live.value.id }));
  }

  async function regenerate(turn: Message, withModel?: string): Promise<void> {
    await orTell(
      link.request({
        type: "regenerate",
        turn: turn.id,
        client_id: newClientId(),
        ...(withModel === undefined ? {} : { model: withModel }),
      }),
    );
  }

  async function chooseModel(chosen: string): Promise<void> {
    if (id.value === null) models.chosen = chosen;
    else await orTell(conversations.update(id.value, { model: chosen }));
  }

  return { snapshot, conversation, unstored, live, busy, model, temporary, send, stop, regenerate, chooseModel };
}

export type Chat = ReturnType<typeof useChat>;

import type { Chat } from "@/composables/useChat";
import { useConversations } from "@/stores/conversations";
import { useDocumentVisibility } from "@vueuse/core";
import { watchEffect } from "vue";

/** What is on a page that can be seen is read. */
export function useReadMarks(chat: Chat): void {
  const conversations = useConversations();
  const visibility = useDocumentVisibility();

  watchEffect(() => {
    const conversation = chat.conversation.value;
    const leaf = chat.snapshot.value?.messages.at(-1)?.id;
    if (!conversation || !leaf || visibility.value !== "visible") return;
    if (conversation.unread) {
      // Without a connection it stays unread; the next one brings the mark, and this, again.
      conversations.markRead(conversation.id, leaf).catch(() => undefined);
    }
  });
}

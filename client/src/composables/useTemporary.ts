import { useConversations } from "@/stores/conversations";
import { usePage } from "@/stores/page";
import { useTranscripts } from "@/stores/transcripts";
import { type Ref, watch } from "vue";

/** A temporary chat ends when it is left, and the next new one is an ordinary one unless that is said again. */
export function useTemporary(id: Ref<string | null>): void {
  const conversations = useConversations();
  const page = usePage();
  const transcripts = useTranscripts();

  watch(id, (_now, before) => {
    page.temporary = false;
    if (before === null) return;
    const left = conversations.byId.get(before) ?? transcripts.held.get(before)?.conversation;
    // Without a connection the server does it, an hour later.
    if (left?.temporary) conversations.remove(before).catch(() => undefined);
  });
}

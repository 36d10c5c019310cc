import { useErrorWords } from "@/composables/useErrorWords";
import type { Conversation } from "@/protocol/frames.gen";
import { useConversations } from "@/stores/conversations";
import { useRemovals } from "@/stores/removals";
import { useToasts } from "@/stores/toasts";
import { useI18n } from "vue-i18n";
import { useRouter } from "vue-router";

/** What can be done with a conversation as a whole, wherever it is shown; what hides it can be undone. */
export function useConversationActions() {
  const { t } = useI18n();
  const { orTell, words } = useErrorWords();
  const router = useRouter();
  const conversations = useConversations();
  const removals = useRemovals();
  const toasts = useToasts();

  const title = (conversation: Conversation) => conversation.title || t("sidebar.untitled");
  const pageOf = (conversation: Conversation) => `/c/${conversation.id}`;

  function rename(conversation: Conversation, name: string): Promise<boolean> {
    return orTell(conversations.rename(conversation.id, name));
  }

  function pin(conversation: Conversation): Promise<boolean> {
    return orTell(conversations.update(conversation.id, { pinned: !conversation.pinned }));
  }

  async function archive(conversation: Conversation, archived: boolean): Promise<void> {
    if (!(await orTell(conversations.update(conversation.id, { archived }))) || !archived) return;
    const undo = () => void archive(conversation, false);
    toasts.show("info", t("sidebar.archivedNow", { title: title(conversation) }), [{ label: t("common.undo"), run: undo }]);
  }

  async function remove(conversation: Conversation): Promise<void> {
    const looked = router.currentRoute.value.path === pageOf(conversation);
    removals.remove(conversation.id, (error) => toasts.show("error", words(error)));
    const undo = () => {
      if (removals.undo(conversation.id) && looked && router.currentRoute.value.path === "/") void router.push(pageOf(conversation));
    };
    const action = { label: t("common.undo"), run: undo };
    toasts.show("info", t("sidebar.deletedNow", { title: title(conversation) }), [action], removals.UNDO_MS);
    if (looked) await router.push("/");
  }

  return { rename, pin, archive, remove };
}

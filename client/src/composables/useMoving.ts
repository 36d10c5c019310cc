import { useErrorWords } from "@/composables/useErrorWords";
import { useConversations } from "@/stores/conversations";
import { useFolders } from "@/stores/folders";
import { useToasts } from "@/stores/toasts";
import { ref } from "vue";
import { useI18n } from "vue-i18n";

/** A type of our own: what else is dragged over a folder, a file or a link, is not for it. */
const CONVERSATION = "application/x-parley-conversation";

/** To put a conversation into a folder, or out of one (null), by menu or by hand. */
export function useMoving() {
  const { t } = useI18n();
  const { orTell } = useErrorWords();
  const conversations = useConversations();
  const folders = useFolders();
  const toasts = useToasts();

  /** Where the row goes may be out of sight, so it is said. */
  async function move(conversation: string, folder: string | null): Promise<void> {
    if ((conversations.byId.get(conversation)?.folder ?? null) === folder) return;
    if (!(await orTell(conversations.update(conversation, { folder })))) return;
    const name = folder === null ? null : folders.byId.get(folder)?.name;
    toasts.show("info", name ? t("folders.movedTo", { name }) : t("folders.movedOut"));
  }

  function drag(event: DragEvent, conversation: string): void {
    event.dataTransfer?.setData(CONVERSATION, conversation);
  }

  return { move, drag };
}

/** A place where a conversation can be dropped, and whether one is held over it. */
export function useDropPlace(folder: () => string | null) {
  const { move } = useMoving();
  const over = ref(false);
  const carries = (event: DragEvent) => event.dataTransfer?.types.includes(CONVERSATION) ?? false;

  const listeners = {
    dragover(event: DragEvent): void {
      if (!carries(event)) return;
      event.preventDefault();
      over.value = true;
    },
    /** Going on to something inside is not leaving. */
    dragleave(event: DragEvent): void {
      const { currentTarget, relatedTarget } = event;
      over.value = currentTarget instanceof Node && relatedTarget instanceof Node && currentTarget.contains(relatedTarget);
    },
    drop(event: DragEvent): void {
      over.value = false;
      if (!carries(event)) return;
      event.preventDefault();
      void move(event.dataTransfer?.getData(CONVERSATION) ?? "", folder());
    },
  };

  return { over, listeners };
}

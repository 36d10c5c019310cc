import { useTranscripts } from "@/stores/transcripts";
import { computed, ref, watch } from "vue";
import { useRoute, useRouter } from "vue-router";

/** Which conversation the address names; null: a new one. The tab follows it, and no other. */
export function useChatRoute() {
  const route = useRoute();
  const router = useRouter();
  const transcripts = useTranscripts();
  const id = computed(() => (typeof route.params.id === "string" && route.params.id ? route.params.id : null));
  /** Another list of messages for another conversation; the same one when a new conversation gets its id. */
  const listKey = ref(id.value ?? "new");
  let adopted: string | null = null;

  watch(
    id,
    (now) => {
      if (now === null || now !== adopted) listKey.value = now ?? `new ${performance.now()}`;
      adopted = null;
      transcripts.show(now);
    },
    { immediate: true },
  );

  // Deleted, here or elsewhere.
  watch(
    () => transcripts.shown,
    (shown) => {
      if (shown === null && id.value !== null) void router.replace("/");
    },
  );

  function becomes(conversation: string): void {
    adopted = conversation;
    void router.replace(`/c/${conversation}`);
  }

  return { id, listKey, becomes };
}

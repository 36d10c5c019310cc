import type { Hit } from "@/protocol/frames.gen";
import { byActivity } from "@/stores/conversationGroups";
import { useConversations } from "@/stores/conversations";
import { useLink } from "@/stores/link";
import { useDebounceFn } from "@vueuse/core";
import { computed, type Ref, ref, shallowRef, watch } from "vue";

/** Everything that was found in one conversation. */
export interface Found {
  conversation: string;
  title: string;
  messages: { message: string; snippet: string }[];
}

const PAUSE_MS = 180;
const LIMIT = 40;
/** Of the wire contract. */
const MAX_QUERY = 200;
const RECENT = 8;

/** What is looked for while it is typed. Without words: the conversations that were used last. */
export function useSearch(query: Ref<string>) {
  const conversations = useConversations();
  const link = useLink();
  const hits = shallowRef<Hit[]>([]);
  /** What they were found for. */
  const words = ref("");
  const searching = ref(false);
  const problem = shallowRef<unknown>(null);
  const wanted = computed(() => Array.from(query.value.trim()).slice(0, MAX_QUERY).join(""));

  const found = computed(() => (wanted.value ? byConversation(hits.value) : recent()));

  function byConversation(all: Hit[]): Found[] {
    const groups = new Map<string, Found>();
    for (const { conversation, title, message, snippet } of all) {
      if (conversations.hidden.has(conversation)) continue;
      const group = groups.get(conversation) ?? { conversation, title, messages: [] };
      groups.set(conversation, group);
      if (message) group.messages.push({ message, snippet });
    }
    return [...groups.values()];
  }

  function recent(): Found[] {
    return byActivity(conversations.listed)
      .slice(0, RECENT)
      .map(({ id, title }) => ({ conversation: id, title, messages: [] }));
  }

  const ask = useDebounceFn(async () => {
    const asked = wanted.value;
    if (!asked) return;
    try {
      const reply = await link.request({ type: "search", query: asked, limit: LIMIT });
      if (asked !== wanted.value) return;
      hits.value = reply.hits;
      words.value = asked;
      problem.value = null;
    } catch (error) {
      if (asked !== wanted.value) return;
      problem.value = error;
      hits.value = [];
    }
    searching.value = false;
  }, PAUSE_MS);

  watch(wanted, (now) => {
    searching.value = now !== "";
    if (now) void ask();
    else hits.value = [];
  });

  return { found, words, searching, problem };
}

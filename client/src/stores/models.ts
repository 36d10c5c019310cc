import type { Model } from "@/protocol/frames.gen";
import { usePreferences } from "@/stores/preferences";
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";

/** The models that can be asked, and the one that a new conversation will ask. */
export const useModels = defineStore("models", () => {
  const preferences = usePreferences();
  const all = shallowRef<Model[]>([]);
  const chosen = ref<string | null>(null);

  const byId = computed(() => new Map(all.value.map((model) => [model.id, model])));
  /** As set, else the first real one: the demo model is for those who have no other. */
  const standard = computed(
    () =>
      byId.value.get(preferences.defaultModel ?? "") ?? all.value.find(({ demo }) => !demo) ?? all.value[0] ?? null,
  );
  const forNewChat = computed(() => byId.value.get(chosen.value ?? "") ?? standard.value);
  const onlyDemo = computed(() => all.value.length > 0 && all.value.every(({ demo }) => demo));

  return { all, byId, chosen, standard, forNewChat, onlyDemo };
});

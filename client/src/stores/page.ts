import type { Conversation } from "@/protocol/frames.gen";
import { useLocalStorage } from "@vueuse/core";
import { defineStore } from "pinia";
import { ref, shallowReactive, shallowRef } from "vue";

export type PageDialog = "settings" | "account" | "archived" | "keys";

/** What is open on this page, and only on this one. */
export const usePage = defineStore("page", () => {
  const folded = useLocalStorage("parley.sidebar-folded", false);
  const drawer = ref(false);
  const dialog = ref<PageDialog | null>(null);
  /** To be deleted, once that is confirmed. */
  const deleting = shallowRef<Conversation | null>(null);
  /** Conversation, or null for a new one → what is typed and not sent. */
  const unsent = shallowReactive(new Map<string | null, string>());

  return { folded, drawer, dialog, deleting, unsent };
});

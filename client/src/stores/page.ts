import type { Conversation, Folder } from "@/protocol/frames.gen";
import { useLocalStorage, useSessionStorage } from "@vueuse/core";
import { defineStore } from "pinia";
import { ref, shallowRef } from "vue";

export type PageDialog = "settings" | "archived";

/** What is open on this page, and only on this one. */
export const usePage = defineStore("page", () => {
  const folded = useLocalStorage("parley.sidebar-folded", false);
  const drawer = ref(false);
  const dialog = ref<PageDialog | null>(null);
  /** Of the settings, by its name in components/settingsSections. */
  const section = ref("general");
  /** To be deleted, once that is confirmed. */
  const deleting = shallowRef<Conversation | null>(null);
  const deletingFolder = shallowRef<Folder | null>(null);
  /** A folder is about to be made, for a conversation or for none. */
  const newFolder = shallowRef<{ holding: string | null } | null>(null);
  /** To be given to others. */
  const sharing = shallowRef<Conversation | null>(null);
  /** To be taken along. */
  const exporting = shallowRef<Conversation | null>(null);
  /** Conversation, or null for a new one → what is typed and not sent. Outlives a reload, and a log-in of the same user. */
  const unsent = useSessionStorage("parley.unsent", new Map<string | null, string>());
  const author = useSessionStorage("parley.unsent-by", "");
  /** The chat that does not exist yet will not be kept. */
  const temporary = ref(false);

  function openSettings(at: string): void {
    section.value = at;
    dialog.value = "settings";
  }

  /** The same key closes what it has opened. */
  function toggleSettings(at = section.value): void {
    if (dialog.value === "settings" && section.value === at) dialog.value = null;
    else openSettings(at);
  }

  /** False when somebody else was here before. */
  function belongsTo(user: string): boolean {
    const same = author.value === "" || author.value === user;
    author.value = user;
    return same;
  }

  return {
    folded, drawer, dialog, section, openSettings, toggleSettings, deleting, deletingFolder, newFolder, sharing, exporting,
    unsent, belongsTo, temporary,
  };
});

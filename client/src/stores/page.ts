import type { Conversation, Folder } from "@/protocol/frames.gen";
import { useLocalStorage } from "@vueuse/core";
import { defineStore } from "pinia";
import { ref, shallowReactive, shallowRef } from "vue";

export type PageDialog = "settings" | "chat" | "search" | "archived";

export interface Goal {
  conversation: string;
  message: string;
}

/** To be shown large, over the page. */
export interface ShownPicture {
  address: string;
  /** What it is, where there are no words for what is in it. */
  title: string;
  alt: string;
  /** In pixels, where that is known before it is loaded. */
  size?: Size;
}

export interface Size {
  width: number;
  height: number;
}

/** What is open on this page, and only on this one. */
export const usePage = defineStore("page", () => {
  const folded = useLocalStorage("parley.sidebar-folded", false);
  const drawer = ref(false);
  const dialog = ref<PageDialog | null>(null);
  /** Of the settings, by its name in components/settingsSections. */
  const section = ref("general");
  /** To be deleted, once that is confirmed. */
  const deletingFolder = shallowRef<Folder | null>(null);
  /** A folder is about to be made, for a conversation or for none. */
  const newFolder = shallowRef<{ holding: string | null } | null>(null);
  /** To be given to others. */
  const sharing = shallowRef<Conversation | null>(null);
  /** To be taken along. */
  const exporting = shallowRef<Conversation | null>(null);
  const picture = shallowRef<ShownPicture | null>(null);
  /** The message that the page is on its way to. */
  const jump = shallowRef<Goal | null>(null);
  /** Question → what is written in its place and not sent. */
  const editing = shallowReactive(new Map<string, string>());
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

  return {
    folded, drawer, dialog, section, openSettings, toggleSettings, deletingFolder, newFolder, sharing, exporting, picture,
    jump, editing, temporary,
  };
});

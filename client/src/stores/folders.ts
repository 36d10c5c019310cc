import type { Folder } from "@/protocol/frames.gen";
import { byName } from "@/stores/byName";
import { useConversations } from "@/stores/conversations";
import { useLink } from "@/stores/link";
import { useLocalStorage } from "@vueuse/core";
import { defineStore } from "pinia";
import { computed, shallowReactive, shallowRef } from "vue";

const PAGE = 50;

/** The user's folders, and how far the conversations in each are loaded. */
export const useFolders = defineStore("folders", () => {
  const link = useLink();
  const conversations = useConversations();
  const all = shallowRef<Folder[]>([]);
  /** Folder → where its next page begins, null at the end. One that is not in here has not been looked into. */
  const pages = shallowReactive(new Map<string, string | null>());
  const unfolded = useLocalStorage<string[]>("parley.open-folders", []);

  const sorted = computed(() => byName(all.value));
  const byId = computed(() => new Map(all.value.map((folder) => [folder.id, folder])));

  /** With the conversations of a snapshot: what was loaded before is gone. */
  function replaceAll(folders: Folder[]): void {
    pages.clear();
    all.value = folders;
  }

  function updated(folders: Folder[]): void {
    all.value = folders;
    conversations.leaveFolders((folder) => !byId.value.has(folder));
  }

  function isOpen(id: string): boolean {
    return unfolded.value.includes(id);
  }

  function toggle(id: string): void {
    const others = unfolded.value.filter((other) => other !== id && byId.value.has(other));
    unfolded.value = isOpen(id) ? others : [...others, id];
  }

  async function loadMore(id: string): Promise<void> {
    const before = pages.get(id);
    if (before === null) return;
    const page = await link.request({ type: "list", folder: id, limit: PAGE, before: before ?? null });
    conversations.putOlder(page.conversations);
    pages.set(id, page.next);
  }

  async function create(name: string): Promise<Folder> {
    return (await link.request({ type: "folder.create", name })).folder;
  }

  async function rename(id: string, name: string): Promise<void> {
    await link.request({ type: "folder.update", folder: id, name });
  }

  async function remove(id: string): Promise<void> {
    await link.request({ type: "folder.delete", folder: id });
  }

  return { all, pages, sorted, byId, replaceAll, updated, isOpen, toggle, loadMore, create, rename, remove };
});

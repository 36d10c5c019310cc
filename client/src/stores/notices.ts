import { i18n } from "@/i18n";
import type { Status } from "@/protocol/frames.gen";
import { useConversations } from "@/stores/conversations";
import { keep, kept } from "@/stores/keeping";
import { isLive } from "@/transcript/tree";
import { useLocalStorage } from "@vueuse/core";
import { defineStore } from "pinia";
import { computed, ref } from "vue";

const KIND = "notice";
/** Another tab or device on which the answer is in sight has marked it as read by then. */
const GRACE_MS = 1_000;

/** What the service worker (shell/worker.js) makes of it. */
export interface Notice {
  type: "notice";
  title: string;
  body: string;
  turn: string;
  conversation: string;
}

/**
 * Tells a person that an answer is done while no page of this browser is in sight.
 *
 * Once, though there may be many tabs and devices: only the browser that asked tells of it, the first tab takes the
 * turn off the list that all tabs share, and the service worker shows no second notice with the same tag. What is read
 * anywhere is not told, and what was told is withdrawn.
 */
export const useNotices = defineStore("notices", () => {
  const conversations = useConversations();
  /** Browsers have both on safe addresses only. */
  const offered = "Notification" in window && "serviceWorker" in navigator;
  const permission = ref<NotificationPermission>(offered ? Notification.permission : "denied");
  /** Of the browser, as its permission is, and the same in all its tabs. */
  const wanted = useLocalStorage("parley.notices", false, { writeDefaults: false });
  let user = "";

  const blocked = computed(() => permission.value === "denied");
  const on = computed(() => wanted.value && permission.value === "granted");

  function begin(someone: string): void {
    user = someone;
  }

  /** Asks the person for their leave. */
  async function turnOn(): Promise<void> {
    permission.value = await Notification.requestPermission();
    wanted.value = permission.value === "granted";
  }

  function turnOff(): void {
    wanted.value = false;
    expected().forEach((_, turn) => keep(KIND, user, turn, null));
  }

  /** Asked here. */
  function expect(turn: string, conversation: string): void {
    if (on.value) keep(KIND, user, turn, conversation);
  }

  function turnChanged(turn: string, status: Status): void {
    if (!on.value || isLive(status) || !expected().has(turn)) return;
    // Who stops an answer knows.
    if (status === "stopped") keep(KIND, user, turn, null);
    else setTimeout(() => void tell(turn, status), GRACE_MS);
  }

  /** What ended while there was no line. */
  function synced(live: Set<string>): void {
    if (!on.value) return;
    for (const turn of expected().keys()) {
      if (!live.has(turn)) turnChanged(turn, "complete");
    }
  }

  async function tell(turn: string, status: Status): Promise<void> {
    const conversation = conversations.byId.get(expected().get(turn) ?? "");
    keep(KIND, user, turn, null);
    if (!conversation?.unread) return;
    const { t } = i18n.global;
    const worker = (await navigator.serviceWorker.getRegistration())?.active;
    worker?.postMessage({
      type: "notice",
      title: conversation.title || t("sidebar.untitled"),
      body: t(status === "failed" || status === "interrupted" ? "notices.failed" : "notices.done"),
      turn,
      conversation: conversation.id,
    } satisfies Notice);
  }

  /** Read, or deleted, anywhere. */
  async function withdraw(conversation: string): Promise<void> {
    if (!on.value) return;
    const shown = await (await navigator.serviceWorker.getRegistration())?.getNotifications();
    shown?.filter(({ data }) => (data as Notice).conversation === conversation).forEach((notice) => notice.close());
  }

  /** Turn → conversation. */
  function expected(): Map<string, string> {
    return new Map(kept(KIND, user) as [string, string][]);
  }

  return { offered, blocked, on, begin, turnOn, turnOff, expect, turnChanged, synced, withdraw };
});

import type { Share } from "@/protocol/frames.gen";
import { useLink } from "@/stores/link";
import { defineStore } from "pinia";
import { ref } from "vue";

/** The links of the conversation that is looked at, newest first. */
export const useShares = defineStore("shares", () => {
  const link = useLink();
  const list = ref<Share[]>([]);

  async function load(conversation: string): Promise<void> {
    list.value = [];
    list.value = (await link.request({ type: "share.list", conversation })).shares;
  }

  /** `seconds`: null for a link that holds until it is taken back. */
  async function create(conversation: string, seconds: number | null): Promise<Share> {
    const { share } = await link.request({ type: "share.create", conversation, expires_in: seconds });
    list.value = [share, ...list.value];
    return share;
  }

  async function takeBack(id: string): Promise<void> {
    await link.request({ type: "share.delete", share: id });
    list.value = list.value.filter((share) => share.id !== id);
  }

  /** A server that does not know its own address gives one without a host. */
  function address(share: Share): string {
    return new URL(share.url, location.origin).href;
  }

  return { list, load, create, takeBack, address };
});

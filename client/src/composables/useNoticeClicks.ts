import type { Notice } from "@/stores/notices";
import { useEventListener } from "@vueuse/core";
import { useRouter } from "vue-router";

/** A notice was clicked, and the service worker chose this page to show what it tells of. */
export function useNoticeClicks(): void {
  const router = useRouter();
  const { serviceWorker } = navigator as Partial<Navigator>;
  useEventListener(serviceWorker, "message", ({ data }: MessageEvent<Partial<Notice>>) => {
    if (data.type === "notice") void router.push(`/c/${data.conversation}`);
  });
}

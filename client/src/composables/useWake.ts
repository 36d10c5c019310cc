import { useLink } from "@/stores/link";
import { useEventListener } from "@vueuse/core";

/** The browser says that something may have changed about the line; it is often, but not always right. */
export function useWake(): void {
  const link = useLink();
  useEventListener(window, ["online", "offline", "pageshow"], () => link.wake());
  useEventListener(document, "visibilitychange", () => {
    if (document.visibilityState === "visible") link.wake();
  });
}

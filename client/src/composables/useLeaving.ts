import { useDrafts } from "@/stores/drafts";
import { useRemovals } from "@/stores/removals";
import { useEventListener } from "@vueuse/core";

/** What waits for a better moment has none when the page goes away. */
export function useLeaving(): void {
  const drafts = useDrafts();
  const removals = useRemovals();

  // Firefox has closed the line by the time of pagehide, and telephones do not tell of beforeunload.
  useEventListener(window, ["beforeunload", "pagehide"], () => {
    drafts.flush();
    removals.flush();
  });
  useEventListener(document, "visibilitychange", () => {
    if (document.visibilityState === "hidden") drafts.flush();
  });
}

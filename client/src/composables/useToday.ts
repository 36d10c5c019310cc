import { tryOnScopeDispose, useEventListener } from "@vueuse/core";
import { type Ref, shallowRef } from "vue";

/** This day, by the local calendar; another one from midnight on, also on a page that slept through it. */
export function useToday(): Readonly<Ref<Date>> {
  const today = shallowRef(startOfToday());
  let timer: ReturnType<typeof setTimeout>;

  function look(): void {
    const now = startOfToday();
    if (now.getTime() !== today.value.getTime()) today.value = now;
    clearTimeout(timer);
    const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime();
    timer = setTimeout(look, midnight - Date.now());
  }

  look();
  // A timer stands still while the machine sleeps, and the clock may have been set.
  useEventListener(document, "visibilitychange", look);
  useEventListener(window, "focus", look);
  tryOnScopeDispose(() => clearTimeout(timer));
  return today;
}

function startOfToday(): Date {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate());
}

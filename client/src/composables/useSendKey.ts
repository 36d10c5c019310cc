import { usePreferences } from "@/stores/preferences";
import { useMediaQuery } from "@vueuse/core";
import { computed } from "vue";

/** Whether a key that was pressed in a text box sends what is in it. */
export function useSendKey(): (event: KeyboardEvent) => boolean {
  const preferences = usePreferences();
  /** There Enter is the key for a new line, whatever the setting: nothing else is. */
  const touch = useMediaQuery("(hover: none) and (pointer: coarse)");
  const alone = computed(() => preferences.sendKey === "enter" && !touch.value);

  return (event) => {
    if (event.key !== "Enter" || event.shiftKey || isComposed(event)) return false;
    return alone.value || event.ctrlKey || event.metaKey;
  };
}

/** 229: a key that the input method has taken, on browsers that end the composition before they tell of the key. */
export function isComposed(event: KeyboardEvent): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- for exactly this there is nothing newer
  return event.isComposing || event.keyCode === 229;
}

import type { Preset } from "@/protocol/frames.gen";
import { usePresets } from "@/stores/presets";
import { computed, type Ref, ref, watch } from "vue";

/** A "/" at the very beginning, and what follows it in the same line. */
const QUERY = /^\/([^/\n]*)$/;

/** The list of prompts that a "/" opens above the box. */
export function usePresetPicker(text: Ref<string>) {
  const presets = usePresets();
  const dismissed = ref(false);
  const active = ref(0);

  const query = computed(() => QUERY.exec(text.value)?.[1] ?? null);
  const found = computed(() => (query.value === null ? [] : presets.matching(query.value)));
  const open = computed(() => found.value.length > 0 && !dismissed.value);
  const chosen = computed(() => found.value[Math.min(active.value, found.value.length - 1)]);

  // What was closed stays closed until another "/" begins.
  watch(query, (now) => {
    active.value = 0;
    if (now === null) dismissed.value = false;
  });

  function insert(preset: Preset): void {
    text.value = preset.text;
  }

  /** Whether the key was for the list; while an input method composes, none is. */
  function takes(event: KeyboardEvent): boolean {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- some input methods tell of a key by nothing else
    if (!open.value || event.isComposing || event.keyCode === 229) return false;
    if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return false;
    const act = keys[event.key];
    if (!act) return false;
    event.preventDefault();
    act();
    return true;
  }

  const go = (by: number) => () => {
    active.value = (active.value + by + found.value.length) % found.value.length;
  };
  const enter = () => {
    if (chosen.value) insert(chosen.value);
  };
  const keys: Partial<Record<string, () => void>> = {
    ArrowDown: go(1),
    ArrowUp: go(-1),
    Enter: enter,
    Tab: enter,
    Escape: () => (dismissed.value = true),
  };

  return { open, found, chosen, insert, takes };
}

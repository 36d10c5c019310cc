import { ref, type Ref, watch } from "vue";

/** How long the model thought, in seconds, where this page saw both ends of it; else null. */
export function useThoughtTime(thinking: () => boolean): Ref<number | null> {
  const seconds = ref<number | null>(null);
  let began: number | null = null;

  watch(thinking, (now) => {
    if (now) began = performance.now();
    else if (began !== null) seconds.value = Math.max(1, Math.round((performance.now() - began) / 1000));
  });

  return seconds;
}

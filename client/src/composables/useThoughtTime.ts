import { ref, type Ref, watch } from "vue";

/** How long the model thought, in milliseconds, where this page saw both ends of it; else null. */
export function useThoughtTime(thinking: () => boolean): Ref<number | null> {
  const milliseconds = ref<number | null>(null);
  let began: number | null = null;

  watch(thinking, (now) => {
    if (now) began = performance.now();
    else if (began !== null) milliseconds.value = performance.now() - began;
  });

  return milliseconds;
}

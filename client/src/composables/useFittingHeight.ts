import { useElementSize } from "@vueuse/core";
import { nextTick, onMounted, type Ref, type ShallowRef, watch } from "vue";

/** A text box is as high as its text; how high at most, its style says. */
export function useFittingHeight(box: Readonly<ShallowRef<HTMLTextAreaElement | null>>, text: Ref<string>): void {
  const { width } = useElementSize(box);

  function fit(): void {
    if (!box.value) return;
    box.value.style.height = "auto";
    box.value.style.height = `${box.value.scrollHeight}px`;
  }

  watch(text, () => nextTick(fit), { flush: "post" });
  // Lines break elsewhere in a narrower box, and in larger text. Not at once: that would change what is being measured.
  watch(width, () => requestAnimationFrame(fit));
  onMounted(fit);
}

import { draw, type Drawing, knownDrawing } from "@/composables/drawings";
import { usePreferences } from "@/stores/preferences";
import { useIntersectionObserver } from "@vueuse/core";
import { ref, shallowRef, watch } from "vue";

/** Drawn when the place for it comes near, and again when the theme changes; until then the picture before stays. */
export function useDiagram(source: () => string, place: () => HTMLElement) {
  const preferences = usePreferences();
  const drawing = shallowRef<Drawing | null>(null);
  const failed = ref(false);
  const near = ref(false);

  const { stop } = useIntersectionObserver(
    place,
    (entries) => {
      if (!entries.at(-1)?.isIntersecting) return;
      near.value = true;
      stop();
    },
    { root: () => place().closest<HTMLElement>("[role=log]")?.parentElement, rootMargin: "800px 0px" },
  );

  function show(drawn: Drawing | null): void {
    drawing.value = drawn;
    failed.value = drawn === null;
  }

  watch(
    [source, () => preferences.dark, near],
    async ([text, dark, isNear], [before]) => {
      if (text !== before) {
        drawing.value = null;
        failed.value = false;
      }
      const known = knownDrawing(text, dark);
      if (known !== undefined) {
        show(known);
        return;
      }
      if (!isNear) return;
      const drawn = await draw(text, dark).catch(() => null);
      if (text === source() && dark === preferences.dark) show(drawn);
    },
    { immediate: true },
  );

  return { drawing, failed };
}

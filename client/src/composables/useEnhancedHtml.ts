import { diagramsIn, enhance } from "@/composables/enhance";
import { onMounted, shallowRef, type ShallowRef, watch } from "vue";
import { useI18n } from "vue-i18n";

/**
 * Enhances a block after each rendering of its HTML, before it is painted. Vue sets the HTML of a block only when it
 * changed, so what stands here stays. Gives the code in it that is a diagram.
 */
export function useEnhancedHtml(
  block: Readonly<ShallowRef<HTMLElement | null>>,
  html: () => string,
): Readonly<ShallowRef<HTMLElement[]>> {
  const { t, locale } = useI18n();
  const diagrams = shallowRef<HTMLElement[]>([]);

  function run(): void {
    if (!block.value) return;
    enhance(block.value, {
      code: t("message.code"),
      copy: t("message.copy"),
      copyCode: t("message.copyCode"),
      wrap: t("message.wrap"),
      wrapCode: t("message.wrapCode"),
      table: t("message.table"),
    });
    const found = diagramsIn(block.value);
    if (found.length + diagrams.value.length > 0) diagrams.value = found;
  }

  onMounted(run);
  watch([html, locale], run, { flush: "post" });
  return diagrams;
}

import { useErrorWords } from "@/composables/useErrorWords";
import { HttpError } from "@/http/call";
import { type ImportProgress, type ImportResult, importFile } from "@/http/carrying";
import { computed, ref, shallowRef } from "vue";
import { useI18n } from "vue-i18n";

/** One import after another: how far it is, and what came of the last. */
export function useImport() {
  const { t } = useI18n();
  const errors = useErrorWords();
  const busy = ref(false);
  const progress = shallowRef<ImportProgress | null>(null);
  const result = shallowRef<ImportResult | null>(null);
  const problem = ref("");

  /** Null while nobody knows: the file is being looked at. */
  const percent = computed(() => {
    const now = progress.value;
    return now === null || now.total === 0 || looking(now) ? null : Math.round((100 * now.done) / now.total);
  });
  const words = computed(() => {
    const now = progress.value;
    if (now?.phase === "reading") return t("carry.reading", { done: now.done, total: now.total });
    return now === null || looking(now) ? t("carry.looking") : t("carry.sending");
  });

  async function begin(file: Blob): Promise<void> {
    busy.value = true;
    progress.value = result.value = null;
    problem.value = "";
    try {
      result.value = await importFile(file, (now) => (progress.value = now));
    } catch (error) {
      problem.value = wordsFor(error);
    } finally {
      busy.value = false;
    }
  }

  /** For these the usual words would speak of a message. */
  function wordsFor(error: unknown): string {
    if (error instanceof HttpError && error.code === "too_large") return t("carry.tooLarge");
    if (error instanceof HttpError && error.code === "busy") return t("carry.busy");
    if (error instanceof HttpError && error.code === "invalid") return t("carry.unreadable");
    return errors.words(error);
  }

  return { busy, percent, words, result, problem, begin };
}

function looking({ phase, done, total }: ImportProgress): boolean {
  return phase === "sending" && done >= total;
}

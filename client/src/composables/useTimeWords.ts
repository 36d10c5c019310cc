import { useNow } from "@vueuse/core";
import { computed } from "vue";
import { useI18n } from "vue-i18n";

const STEP_MS = 30_000;
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
] as const;

/** Times in the reader's language: how long ago, which goes on by itself, and on which day. */
export function useTimeWords() {
  const { locale } = useI18n();
  const now = useNow({ interval: STEP_MS });
  const relative = computed(() => new Intl.RelativeTimeFormat(locale.value, { numeric: "auto" }));
  const days = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: "medium" }));

  function ago(time: string): string {
    const seconds = Math.max(0, (now.value.getTime() - Date.parse(time)) / 1_000);
    const [unit, size] = UNITS.find(([, each]) => seconds >= each) ?? (["minute", 60] as const);
    return relative.value.format(-Math.floor(seconds / size) || 0, unit);
  }

  return { ago, day: (time: string) => days.value.format(new Date(time)) };
}

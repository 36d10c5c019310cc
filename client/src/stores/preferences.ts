import { useLink } from "@/stores/link";
import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { usePreferredDark } from "@vueuse/core";

export const LANGUAGES = ["en", "zh"] as const;
export const THEMES = ["light", "dark", "system"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Theme = (typeof THEMES)[number];

/**
 * The user's settings, the same in every tab. A copy stays in the browser for the first paint (public/theme.js reads it)
 * and for the pages before the log-in.
 */
export const usePreferences = defineStore("preferences", () => {
  const link = useLink();
  const systemIsDark = usePreferredDark();
  const language = ref<Language>(asLanguage(stored("language")) ?? browserLanguage());
  const theme = ref<Theme>(asTheme(stored("theme")) ?? "system");
  const defaultModel = ref<string | null>(null);

  const dark = computed(() => theme.value === "dark" || (theme.value === "system" && systemIsDark.value));

  function apply(key: string, value: unknown): void {
    if (key === "language") language.value = asLanguage(value) ?? browserLanguage();
    else if (key === "theme") theme.value = asTheme(value) ?? "system";
    else if (key === "default_model") defaultModel.value = typeof value === "string" ? value : null;
    else return;
    if (key !== "default_model") store(key, value);
  }

  /** What the account does not say stays as this browser has it. */
  function replaceAll(settings: Record<string, unknown>): void {
    defaultModel.value = null;
    Object.entries(settings).forEach(([key, value]) => apply(key, value));
  }

  /** At once here; by the server's event in every other tab. */
  async function set(key: "language" | "theme" | "default_model", value: string | null): Promise<void> {
    apply(key, value);
    if (link.status === "ready") await link.request({ type: "settings", key, value });
  }

  return { language, theme, dark, defaultModel, apply, replaceAll, set };
});

function browserLanguage(): Language {
  return /^zh\b/i.test(navigator.language) ? "zh" : "en";
}

function asLanguage(value: unknown): Language | null {
  return LANGUAGES.find((language) => language === value) ?? null;
}

function asTheme(value: unknown): Theme | null {
  return THEMES.find((theme) => theme === value) ?? null;
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(`parley.${key}`);
  } catch {
    return null; // storage switched off: the server has it all the same
  }
}

function store(key: string, value: unknown): void {
  try {
    if (typeof value === "string") localStorage.setItem(`parley.${key}`, value);
    else localStorage.removeItem(`parley.${key}`);
  } catch {
    // As above.
  }
}

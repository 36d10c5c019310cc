import { useLink } from "@/stores/link";
import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { usePreferredDark } from "@vueuse/core";

export const LANGUAGES = ["en", "zh"] as const;
export const THEMES = ["light", "dark", "system"] as const;
export const TEXT_SIZES = ["small", "normal", "large", "huge"] as const;
/** What sends: Enter, or Enter with Ctrl or ⌘, so that Enter alone breaks the line. */
export const SEND_KEYS = ["enter", "command"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Theme = (typeof THEMES)[number];
export type TextSize = (typeof TEXT_SIZES)[number];
export type SendKey = (typeof SEND_KEYS)[number];

/** As the account has them. */
export type PreferenceKey = "language" | "theme" | "text_size" | "send_key" | "default_model" | "system_prompt";
/** Kept in the browser too: for the first paint (public/theme.js reads them), and for the pages before the log-in. */
const KEPT: readonly string[] = ["language", "theme", "text_size", "send_key"];

/** The user's settings, the same in every tab. */
export const usePreferences = defineStore("preferences", () => {
  const link = useLink();
  const systemIsDark = usePreferredDark();
  const language = ref<Language>(oneOf(LANGUAGES, stored("language")) ?? browserLanguage());
  const theme = ref<Theme>(oneOf(THEMES, stored("theme")) ?? "system");
  const textSize = ref<TextSize>(oneOf(TEXT_SIZES, stored("text_size")) ?? "normal");
  const sendKey = ref<SendKey>(oneOf(SEND_KEYS, stored("send_key")) ?? "enter");
  const defaultModel = ref<string | null>(null);
  /** What every model is told about this person, before anything that a conversation says. */
  const systemPrompt = ref("");

  const dark = computed(() => theme.value === "dark" || (theme.value === "system" && systemIsDark.value));

  const take: Record<PreferenceKey, (value: unknown) => void> = {
    language: (value) => (language.value = oneOf(LANGUAGES, value) ?? browserLanguage()),
    theme: (value) => (theme.value = oneOf(THEMES, value) ?? "system"),
    text_size: (value) => (textSize.value = oneOf(TEXT_SIZES, value) ?? "normal"),
    send_key: (value) => (sendKey.value = oneOf(SEND_KEYS, value) ?? "enter"),
    default_model: (value) => (defaultModel.value = typeof value === "string" ? value : null),
    system_prompt: (value) => (systemPrompt.value = typeof value === "string" ? value : ""),
  };

  function apply(key: string, value: unknown): void {
    if (!(key in take)) return;
    take[key as PreferenceKey](value);
    if (KEPT.includes(key)) store(key, value);
  }

  /** What the account does not say stays as this browser has it. */
  function replaceAll(settings: Record<string, unknown>): void {
    defaultModel.value = null;
    systemPrompt.value = "";
    Object.entries(settings).forEach(([key, value]) => apply(key, value));
  }

  /** At once here; by the server's event in every other tab. */
  async function set(key: PreferenceKey, value: string | null): Promise<void> {
    apply(key, value);
    if (link.status === "ready") await link.request({ type: "settings", key, value });
  }

  return { language, theme, textSize, sendKey, dark, defaultModel, systemPrompt, apply, replaceAll, set };
});

function browserLanguage(): Language {
  return /^zh\b/i.test(navigator.language) ? "zh" : "en";
}

function oneOf<T extends string>(values: readonly T[], value: unknown): T | null {
  return values.find((each) => each === value) ?? null;
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

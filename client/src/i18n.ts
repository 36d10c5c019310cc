import type { en } from "@/locales/en";
import type { Language } from "@/stores/preferences";
import { createI18n } from "vue-i18n";

/** Keys are checked: `t` takes what the English texts hold. */
declare module "vue-i18n" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the library is extended by merging interfaces
  export interface DefineLocaleMessage extends Texts {}
}
type Texts = typeof en;

/** A page loads the language that it speaks. Both hold the same texts, so that none needs another to fall back to. */
const TEXTS: Record<Language, () => Promise<Texts>> = {
  en: async () => (await import("@/locales/en")).en,
  zh: async () => (await import("@/locales/zh")).zh,
};

/** Without a word before the first `speak`. */
export const i18n = createI18n({ legacy: false, locale: "", messages: {} });

let asked: Language;

/** Fetches what is missing, and says everything in this language from then on: the one asked for last. */
export async function speak(language: Language): Promise<void> {
  asked = language;
  const { availableLocales, locale, setLocaleMessage } = i18n.global;
  if (!availableLocales.includes(language)) setLocaleMessage(language, await TEXTS[language]());
  if (asked === language) locale.value = language;
}

import { en } from "@/locales/en";
import { zh } from "@/locales/zh";
import { createI18n } from "vue-i18n";

/** Keys are checked: `t` takes what the English texts hold. */
declare module "vue-i18n" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the library is extended by merging interfaces
  export interface DefineLocaleMessage extends Texts {}
}
type Texts = typeof en;

/** The language is set, and followed, by composables/useAppearance. */
export const i18n = createI18n({ legacy: false, locale: "en", fallbackLocale: "en", messages: { en, zh } });

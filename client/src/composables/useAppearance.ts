import { speak } from "@/i18n";
import { usePreferences } from "@/stores/preferences";
import { watchEffect } from "vue";
import { useI18n } from "vue-i18n";

/** Language, theme and text size, from the settings onto the page. */
export function useAppearance(): void {
  const preferences = usePreferences();
  const { locale } = useI18n();
  const themeColor = document.querySelector<HTMLMetaElement>('meta[name="theme-color"]');

  watchEffect(() => void speak(preferences.language));
  watchEffect(() => {
    document.documentElement.lang = locale.value === "zh" ? "zh-CN" : "en";
  });
  watchEffect(() => {
    document.documentElement.dataset.text = preferences.textSize;
  });
  watchEffect(() => {
    document.documentElement.dataset.theme = preferences.dark ? "dark" : "light";
    themeColor?.setAttribute("content", preferences.dark ? "#1c1c1b" : "#ffffff");
  });
}

import { useToasts } from "@/stores/toasts";
import { useClipboard } from "@vueuse/core";
import { useI18n } from "vue-i18n";

/** Also on a page without TLS, where the browser has no clipboard for us: there by the old way. */
export function useCopy() {
  const { t } = useI18n();
  const toasts = useToasts();
  const { copy: write, copied } = useClipboard({ legacy: true, copiedDuring: 1_600 });

  async function copy(text: string): Promise<boolean> {
    try {
      await write(text);
      return true;
    } catch {
      toasts.show("error", t("message.copyFailed"));
      return false;
    }
  }

  return { copy, copied };
}

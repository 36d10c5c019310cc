import { HttpError } from "@/http/call";
import { CommandError, ConnectionLost } from "@/socket/errors";
import { useToasts } from "@/stores/toasts";
import { useI18n } from "vue-i18n";

/** An error in the reader's language: by its code, for the server's own words are English. */
export function useErrorWords() {
  const { t, te } = useI18n();
  const toasts = useToasts();

  function words(error: unknown): string {
    if (error instanceof ConnectionLost) return t("errors.offline");
    if (!(error instanceof HttpError || error instanceof CommandError)) return t("errors.internal");
    const { code, field, retryAfter } = error;
    if (code === "rate_limited" && retryAfter) return t("errors.rate_limited_for", { seconds: Math.ceil(retryAfter) });
    if (code === "invalid" && field) return named(`errors.fields.${field}`) ?? error.message;
    if (code === "conflict" && field) return named(`errors.conflicts.${field}`) ?? error.message;
    return named(`errors.${code}`) ?? error.message;
  }

  function named(key: string): string | null {
    return te(key) || te(key, "en") ? t(key) : null;
  }

  /** For what a person asked and has no place of its own on the page. */
  async function orTell(action: Promise<unknown>): Promise<boolean> {
    try {
      await action;
      return true;
    } catch (error) {
      toasts.show("error", words(error));
      return false;
    }
  }

  return { words, orTell };
}

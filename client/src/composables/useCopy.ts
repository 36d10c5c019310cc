import { useToasts } from "@/stores/toasts";
import { refAutoReset } from "@vueuse/core";
import { useI18n } from "vue-i18n";

const SHOWN_MS = 1_600;

/** To the clipboard: a text, and beside it the same as HTML, of which the place it is put into takes what it can. */
export function useCopy() {
  const { t } = useI18n();
  const toasts = useToasts();
  const copied = refAutoReset(false, SHOWN_MS);

  async function copy(text: string, html?: string): Promise<boolean> {
    const formats = new Map([["text/plain", text]]);
    if (html) formats.set("text/html", html);
    try {
      if (window.isSecureContext) await write(formats);
      else writeTheOldWay(formats);
      copied.value = true;
      return true;
    } catch {
      toasts.show("error", t("message.copyFailed"));
      return false;
    }
  }

  return { copy, copied };
}

async function write(formats: Map<string, string>): Promise<void> {
  const blobs = [...formats].map(([type, content]) => [type, new Blob([content], { type })] as const);
  await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
}

/** On a page without TLS the browser has no clipboard for us, but still asks what is to be copied. */
function writeTheOldWay(formats: Map<string, string>): void {
  const box = document.createElement("textarea");
  box.value = formats.get("text/plain") ?? "";
  box.readOnly = true;
  box.className = "sr-only";
  const give = (event: ClipboardEvent) => {
    formats.forEach((content, type) => event.clipboardData?.setData(type, content));
    event.preventDefault();
    event.stopPropagation();
  };
  const focused = document.activeElement;
  document.body.append(box);
  box.select();
  document.addEventListener("copy", give, { capture: true });
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way on such a page
  const done = document.execCommand("copy");
  document.removeEventListener("copy", give, { capture: true });
  box.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  if (!done) throw new Error("the browser refused");
}

import { toggleWrapping } from "@/composables/enhance";
import { useCopy } from "@/composables/useCopy";
import { usePage } from "@/stores/page";
import { useI18n } from "vue-i18n";

const SHOWN_MS = 1_600;

/** One listener for what can be clicked in the answers' HTML: copy buttons, pictures, and links within a message. */
export function useAnswerClicks(leavesEnd: () => void) {
  const { t } = useI18n();
  const { copy } = useCopy();
  const page = usePage();

  async function copyCode(button: HTMLElement): Promise<void> {
    const code = button.closest(".code")?.querySelector("pre")?.textContent ?? "";
    if (!(await copy(code.replace(/\n$/, "")))) return;
    button.textContent = t("message.copied");
    setTimeout(() => (button.textContent = t("message.copy")), SHOWN_MS);
  }

  return function onClick(event: MouseEvent): void {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest<HTMLElement>(".code-copy");
    if (button) void copyCode(button);
    const block = event.target.closest(".code-wrap")?.closest<HTMLElement>(".block");
    if (block) toggleWrapping(block);
    const picture = event.target.closest<HTMLAnchorElement>('a.image-link[href^="http"]');
    if (picture && !opensElsewhere(event)) {
      event.preventDefault();
      page.picture = { address: picture.href, title: t("picture.title"), alt: picture.textContent };
    }
    const link = event.target.closest<HTMLAnchorElement>('a[href^="#"]');
    if (!link) return;
    // A footnote is no page of the router's.
    event.preventDefault();
    leavesEnd();
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    target?.scrollIntoView({ block: "center" });
    target?.setAttribute("tabindex", "-1");
    target?.focus({ preventScroll: true });
  };
}

/** A new tab or window, or a file: by the keys that browsers have for it. */
function opensElsewhere({ ctrlKey, metaKey, shiftKey, altKey }: MouseEvent): boolean {
  return ctrlKey || metaKey || shiftKey || altKey;
}

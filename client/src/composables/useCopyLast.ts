import { richText } from "@/composables/answerText";
import { useCopy } from "@/composables/useCopy";
import type { ConversationSnapshot } from "@/protocol/frames.gen";
import { useToasts } from "@/stores/toasts";
import { isLive } from "@/transcript/tree";
import { useI18n } from "vue-i18n";

/** By key, without looking for the button: what the shown path ends with. */
export function useCopyLast(snapshot: () => ConversationSnapshot | null) {
  const { t } = useI18n();
  const { copy } = useCopy();
  const toasts = useToasts();

  const answers = () => (snapshot()?.messages ?? []).filter(({ role }) => role === "assistant").reverse();

  async function copyAnswer(): Promise<void> {
    const answer = answers().find(({ status, text }) => !isLive(status) && text);
    if (answer && (await copy(answer.text, richText(answer.html)))) toasts.show("info", t("message.answerCopied"));
  }

  async function copyCode(): Promise<void> {
    for (const { id, html } of answers()) {
      const blocks = snapshot()?.live.find(({ turn }) => turn === id)?.blocks;
      const code = lastCode(blocks ? blocks.join("") : html);
      if (code === null) continue;
      if (await copy(code)) toasts.show("info", t("message.codeCopied"));
      return;
    }
  }

  return { copyAnswer, copyCode };
}

/** Parsed as a document of its own: nothing in it loads or runs. */
export function lastCode(html: string): string | null {
  const codes = new DOMParser().parseFromString(html, "text/html").querySelectorAll("pre");
  return [...codes].at(-1)?.textContent.replace(/\n$/, "") ?? null;
}

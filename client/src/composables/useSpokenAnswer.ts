import type { LiveTurn, Message } from "@/protocol/frames.gen";
import { isLive } from "@/transcript/tree";
import { ref, watch } from "vue";
import { useI18n } from "vue-i18n";

/**
 * What a screen reader is told of a growing answer: whole blocks, as they close, never single words. A block is closed
 * when another one follows it, or when the answer ends.
 */
export function useSpokenAnswer(answer: () => { message: Message; live: LiveTurn | undefined } | undefined) {
  const { t } = useI18n();
  const spoken = ref("");
  let turn: string | null = null;
  let said = 0;

  watch(answer, (now, before) => {
    const blocks = now?.live?.blocks ?? [];
    if (now && isLive(now.message.status) && turn !== now.message.id) {
      // What was there before this page looked is not news.
      turn = now.message.id;
      said = blocks.length;
      if (blocks.length === 0) spoken.value = t("spoken.started");
    } else if (now?.live && blocks.length - 1 > said) {
      spoken.value = wordsOf(blocks.slice(said, -1));
      said = blocks.length - 1;
    } else if (now && turn === now.message.id && !isLive(now.message.status)) {
      const rest = wordsOf((before?.live?.blocks ?? []).slice(said));
      spoken.value = `${rest} ${now.message.status === "complete" ? t("spoken.finished") : t("spoken.stopped")}`;
      turn = null;
    }
  });

  return spoken;

  /** Code and diagrams are named: nobody follows their source, sign by sign, while more of the answer comes. */
  function wordsOf(blocks: string[]): string {
    // Parsed as a document of its own: nothing in it loads or runs.
    const { body } = new DOMParser().parseFromString(blocks.join(""), "text/html");
    body.querySelectorAll("pre").forEach((pre) => {
      pre.replaceWith(` ${t(pre.querySelector(".language-mermaid") ? "spoken.diagram" : "spoken.code")} `);
    });
    return body.textContent.replace(/\s+/g, " ").trim();
  }
}

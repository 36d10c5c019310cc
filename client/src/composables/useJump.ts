import { useErrorWords } from "@/composables/useErrorWords";
import { CommandError } from "@/socket/errors";
import { useLink } from "@/stores/link";
import { type Goal, usePage } from "@/stores/page";
import { useTranscripts } from "@/stores/transcripts";
import { until } from "@vueuse/core";
import { nextTick, watch } from "vue";

/** How long the path that was chosen may take to come. */
const PATH_WITHIN_MS = 10_000;

/** Goes to a message that was found: its path is chosen if it is not the one shown, and history loaded up to it. */
export function useJump(reveal: (message: string) => void): void {
  const { orTell } = useErrorWords();
  const link = useLink();
  const page = usePage();
  const transcripts = useTranscripts();

  watch(() => page.jump, (goal) => goal && void jump(goal));

  async function jump(goal: Goal): Promise<void> {
    const reached = await orTell(reach(goal));
    if (left(goal)) return;
    page.jump = null;
    await nextTick();
    if (reached) reveal(goal.message);
  }

  async function reach(goal: Goal): Promise<void> {
    const { conversation, message } = goal;
    const held = () => transcripts.held.get(conversation);
    const there = () => held()?.messages.some(({ id }) => id === message) ?? false;
    await until(() => held() !== undefined || left(goal)).toBe(true);
    // No path changes by it where the message is on the one that is shown, further up than what is held.
    if (!there() && !left(goal)) await link.request({ type: "select", message });
    while (!there() && !left(goal)) {
      const before = held();
      if (before?.next) {
        await transcripts.loadOlder(conversation);
        continue;
      }
      await until(() => held() !== before || left(goal)).toBe(true, { timeout: PATH_WITHIN_MS });
      if (held() === before) throw new CommandError({ code: "not_found", message: "There is no such message." });
    }
  }

  /** The person wants something else by now, or there is nothing to be seen. */
  function left(goal: Goal): boolean {
    const { conversation } = goal;
    return page.jump !== goal || transcripts.shown !== conversation || transcripts.failures.has(conversation);
  }
}

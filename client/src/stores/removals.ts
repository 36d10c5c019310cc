import { ConnectionLost } from "@/socket/errors";
import { useConversations } from "@/stores/conversations";
import { defineStore } from "pinia";

const UNDO_MS = 5_000;

/** Conversations that were deleted here: out of sight at once, and for good when it can no longer be undone. */
export const useRemovals = defineStore("removals", () => {
  const conversations = useConversations();
  const waiting = new Map<string, { timer: ReturnType<typeof setTimeout>; failed: (error: unknown) => void }>();
  /** Too late to be undone, and still to be done: they stay out of sight. */
  const due = new Set<string>();

  function remove(id: string, failed: (error: unknown) => void): void {
    conversations.hidden.add(id);
    waiting.set(id, { failed, timer: setTimeout(() => void finish(id), UNDO_MS) });
  }

  /** Whether it was not too late. */
  function undo(id: string): boolean {
    clearTimeout(waiting.get(id)?.timer);
    due.delete(id);
    conversations.hidden.delete(id);
    return waiting.delete(id);
  }

  /** The page goes away. */
  function flush(): void {
    [...waiting.keys()].forEach((id) => void finish(id));
  }

  /** A connection has come, on which can be done what none was there for. */
  function resume(): void {
    [...due].forEach((id) => void finish(id));
  }

  async function finish(id: string): Promise<void> {
    const removal = waiting.get(id);
    clearTimeout(removal?.timer);
    try {
      await conversations.remove(id);
      undo(id);
    } catch (error) {
      if (error instanceof ConnectionLost) due.add(id);
      else if (undo(id)) removal?.failed(error);
    }
  }

  function clear(): void {
    for (const id of [...waiting.keys()]) undo(id);
  }

  return { UNDO_MS, remove, undo, flush, resume, clear };
});

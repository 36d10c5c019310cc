import { ConnectionLost } from "@/socket/errors";
import { useConversations } from "@/stores/conversations";
import { inherit, keepAsMine } from "@/stores/owning";
import { defineStore } from "pinia";

const KIND = "removed";
const UNDO_MS = 5_000;

/** Conversations that were deleted here: out of sight at once, and for good when it can no longer be undone. */
export const useRemovals = defineStore("removals", () => {
  const conversations = useConversations();
  const waiting = new Map<string, { timer: ReturnType<typeof setTimeout>; failed: (error: unknown) => void }>();
  /** Too late to be undone, and still to be done: they stay out of sight. */
  const due = new Set<string>();
  let user = "";

  /** Goes on with what other pages of this browser did not get done, each of them once it is gone. */
  function begin(someone: string): void {
    user = someone;
    inherit(KIND, user, (id) => {
      conversations.hidden.add(id);
      void finish(id);
    });
  }

  function remove(id: string, failed: (error: unknown) => void): void {
    conversations.hidden.add(id);
    keepAsMine(KIND, user, id, {});
    waiting.set(id, { failed, timer: setTimeout(() => void finish(id), UNDO_MS) });
  }

  /** Whether it was not too late. */
  function undo(id: string): boolean {
    clearTimeout(waiting.get(id)?.timer);
    due.delete(id);
    conversations.hidden.delete(id);
    keepAsMine(KIND, user, id, null);
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

  /** Whoever comes next may be somebody else; what is not done yet waits in the browser. */
  function clear(): void {
    for (const { timer } of waiting.values()) clearTimeout(timer);
    for (const id of [...waiting.keys(), ...due]) conversations.hidden.delete(id);
    waiting.clear();
    due.clear();
  }

  return { UNDO_MS, begin, remove, undo, flush, resume, clear };
});

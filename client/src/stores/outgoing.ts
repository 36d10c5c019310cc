import type { Message } from "@/protocol/frames.gen";
import type { Ask } from "@/protocol/frames";
import { newClientId } from "@/socket/clientId";
import { CommandError } from "@/socket/errors";
import { useLink } from "@/stores/link";
import { useNotices } from "@/stores/notices";
import { inherit, keepAsMine } from "@/stores/owning";
import { useTranscripts } from "@/stores/transcripts";
import { defineStore } from "pinia";
import { computed, shallowReactive } from "vue";

type Kind = "send" | "edit" | "regenerate" | "continue";

/** What begins an answer. It gets a client id, under which it is asked until it is answered, and has one effect. */
export type Wish = { [K in Kind]: Omit<Ask<K>, "client_id"> }[Kind];

const KIND = "asked";
/** A client id is remembered by the server for seven days. */
const NAME_KEPT_MS = 6 * 24 * 3600 * 1000;

/** What is written by a person, as the browser keeps it until the server has it. */
interface Kept extends Pick<Outgoing, "conversation" | "wish"> {
  /** Null: it was refused, and waits for the person. */
  askedAt: number | null;
}

export interface Outgoing {
  clientId: string;
  /** Null: the message makes a new conversation. */
  conversation: string | null;
  wish: Wish;
  state: "pending" | "sent" | "failed";
  error?: Error;
}

/** What was asked and does not stand in a transcript yet. */
export const useOutgoing = defineStore("outgoing", () => {
  const link = useLink();
  const notices = useNotices();
  const transcripts = useTranscripts();
  const entries = shallowReactive(new Map<string, Outgoing>());
  /** Message → client id: what was shown before it was stored keeps its place on the page. */
  const origins = new Map<string, string>();
  /** Told of by an event while something is asked: a reply to what was asked twice may come after its events. */
  const told = new Set<string>();
  /** Asked anew for an earlier page. */
  const resumed = shallowReactive<Promise<Outgoing>[]>([]);
  let user = "";

  const list = computed(() => [...entries.values()]);

  /** Goes on with what other pages of this browser asked and got no answer to, each of them once it is gone. */
  function begin(someone: string): void {
    user = someone;
    inherit(KIND, user, (clientId, value) => resume(clientId, value as Kept));
  }

  function resume(clientId: string, { conversation, wish, askedAt }: Kept): void {
    const entry: Outgoing = { clientId, conversation, wish, state: "pending" };
    if (askedAt !== null && Date.now() - askedAt < NAME_KEPT_MS) resumed.push(attempt(entry));
    else entries.set(clientId, { ...entry, state: "failed" });
  }

  /** What becomes of it, for the page that shows it. */
  function takeResumed(): Promise<Outgoing>[] {
    return resumed.splice(0);
  }

  /** Resolves with what became of it: `sent` once it is stored, or `failed`, and then it stays in the list. */
  function ask(conversation: string | null, wish: Wish): Promise<Outgoing> {
    return attempt({ clientId: newClientId(), conversation, wish, state: "pending" });
  }

  /** The same client id again: if the first try did arrive after all, it has no second effect. */
  function retry(clientId: string): Promise<Outgoing | null> {
    const entry = entries.get(clientId);
    return entry ? attempt({ ...entry, state: "pending" }) : Promise.resolve(null);
  }

  async function attempt(entry: Outgoing): Promise<Outgoing> {
    const { clientId, wish } = entry;
    entries.set(clientId, entry);
    keepText(entry, Date.now());
    try {
      if (wish.type === "send") {
        const sent = await link.send({ ...wish, client_id: clientId });
        notices.expect(sent.turn, sent.conversation);
        return stored({ ...entry, conversation: sent.conversation, state: "sent" }, sent.message);
      }
      const reply = await link.request({ ...wish, client_id: clientId });
      if (entry.conversation) notices.expect(reply.turn, entry.conversation);
      return stored({ ...entry, state: "sent" }, "message" in reply ? reply.message : null);
    } catch (error) {
      const failed: Outgoing = { ...entry, state: "failed", error: error as Error };
      if (!entries.has(clientId)) return failed;
      entries.set(clientId, failed);
      // Without a connection nobody has refused it: the next page asks again.
      if (error instanceof CommandError) keepText(entry, null);
      return failed;
    }
  }

  function keepText({ clientId, conversation, wish }: Outgoing, askedAt: Kept["askedAt"]): void {
    if ("text" in wish) keepAsMine(KIND, user, clientId, { conversation, wish, askedAt } satisfies Kept);
  }

  /** A question is shown from here until it stands in the transcript; elsewhere nobody waits for it to appear. */
  function stored(entry: Outgoing, question: string | null): Outgoing {
    const { clientId, conversation, wish } = entry;
    keepAsMine(KIND, user, clientId, null);
    if (question !== null) origins.set(question, clientId);
    const begins = wish.type === "send" && wish.conversation === null;
    const looked = begins || transcripts.shown === conversation;
    const awaited = looked && question !== null && !told.has(question) && !stands(conversation, question);
    if (!awaited) discard(clientId);
    else if (entries.has(clientId)) entries.set(clientId, entry);
    return entry;
  }

  function stands(conversation: string | null, message: string): boolean {
    return transcripts.held.get(conversation ?? "")?.messages.some(({ id }) => id === message) ?? false;
  }

  function discard(clientId: string): void {
    entries.delete(clientId);
    keepAsMine(KIND, user, clientId, null);
    if (entries.size === 0) told.clear();
  }

  /** These stand on a path that is shown now. */
  function arrived(messages: Message[]): void {
    for (const { id } of messages) {
      const clientId = origins.get(id);
      if (clientId) discard(clientId);
    }
  }

  /** A message was made, here or elsewhere; the path that it stands on may come later. */
  function made(message: Message): void {
    if (entries.size > 0) told.add(message.id);
    if (stands(message.conversation, message.id)) arrived([message]);
  }

  function clear(): void {
    entries.clear();
    origins.clear();
    told.clear();
  }

  return {
    list, resumed, begin, takeResumed, ask, retry, discard, arrived, made, clear,
    keyOf: (message: string) => origins.get(message) ?? message,
  };
});

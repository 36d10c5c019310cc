import type { ConversationSnapshot, LiveTurn, Message } from "@/protocol/frames.gen";
import type { Outgoing } from "@/stores/outgoing";
import { isLive } from "@/transcript/tree";

export interface Question {
  text: string;
  /** Absent until it is stored. */
  message: Message | undefined;
  /** Asked and not stored: the question itself, or an edit of this message that failed. */
  outgoing: Outgoing | undefined;
}

export interface Answer {
  message: Message;
  live: LiveTurn | undefined;
  /** Asked of this answer: that it is written again, or goes on. */
  outgoing: Outgoing | undefined;
}

/** A question and what came of it: one section of the page. */
export interface Exchange {
  /** The question's client id, for as long as this page knows it. */
  key: string;
  question: Question | undefined;
  answers: Answer[];
  /** The newest answer was given nothing of what is above this. */
  cut: boolean;
}

/**
 * The path, cut before each question, and behind it what is not stored yet. An edit that is on its way stands in the
 * place of its question already, and nothing after it.
 */
export function toExchanges(
  snapshot: ConversationSnapshot | null,
  unstored: Outgoing[],
  keyOf: (message: string) => string,
): Exchange[] {
  const exchanges: Exchange[] = [];
  const start = snapshot?.messages.findLast(({ role, status }) => role === "assistant" && !isLive(status))?.context_start;
  const edited = (id: string) => unstored.find(({ wish }) => wish.type === "edit" && wish.message === id);
  for (const message of snapshot?.messages ?? []) {
    if (message.role === "user") {
      const edit = edited(message.id);
      if (edit && edit.state !== "failed") break;
      const question = { text: message.text, message, outgoing: edit };
      exchanges.push({ key: keyOf(message.id), question, answers: [], cut: message.id === start });
    } else if (message.role === "assistant") {
      // A page of history may begin with an answer.
      if (exchanges.length === 0) exchanges.push({ key: message.id, question: undefined, answers: [], cut: false });
      const live = snapshot?.live.find(({ turn }) => turn === message.id);
      const outgoing = unstored.find(({ wish }) => "turn" in wish && wish.turn === message.id);
      exchanges.at(-1)?.answers.push({ message, live, outgoing });
    }
  }
  for (const entry of unstored) {
    const { wish } = entry;
    if (!("text" in wish) || (wish.type === "edit" && entry.state === "failed")) continue;
    const question = { text: wish.text, message: undefined, outgoing: entry };
    exchanges.push({ key: entry.clientId, question, answers: [], cut: false });
  }
  return exchanges;
}

/** Exchanges in which nothing is new stay the objects that they were: of hundreds, only the others are drawn. */
export function keepUnchanged(before: Exchange[], now: Exchange[]): Exchange[] {
  const known = new Map(before.map((exchange) => [exchange.key, exchange]));
  return now.map((exchange) => {
    const old = known.get(exchange.key);
    return old && isSame(old, exchange) ? old : exchange;
  });
}

function isSame(one: Exchange, other: Exchange): boolean {
  return (
    one.cut === other.cut &&
    one.question?.text === other.question?.text &&
    one.question?.message === other.question?.message &&
    one.question?.outgoing === other.question?.outgoing &&
    one.answers.length === other.answers.length &&
    one.answers.every(({ message, live, outgoing }, index) => {
      const answer = other.answers[index];
      return message === answer?.message && live === answer.live && outgoing === answer.outgoing;
    })
  );
}

/**
 * State and event give the new state: the twin of server/transcript/fold.py. Both read tests/transcripts.
 *
 * The state has the shape of a snapshot, and what comes out is what a fresh snapshot would hold: the messages of the
 * active path, and the live turns. A conversation's title, times and marks travel in the user's log and are left alone.
 * Nothing is changed in place; what an event does not concern stays the same object.
 */
import type { AnyEvent, ConversationSnapshot, Format, LiveTurn, Message } from "@/protocol/frames.gen";
import { countCodePoints, dropCodePoints } from "@/transcript/codePoints";

type Of<T extends AnyEvent["type"]> = Extract<AnyEvent, { type: T }>;

export function fold(state: ConversationSnapshot, event: AnyEvent, format: Format): ConversationSnapshot {
  switch (event.type) {
    case "message.created":
      return place(state, event.message);
    case "message.updated":
      return shareSiblings(replace(state, event.message), event.message);
    case "turn.started":
      return startTurn(state, event.message, format);
    case "turn.delta":
      return changeLive(state, event.turn, (live) => extend(live, event));
    case "turn.render":
      return changeLive(state, event.turn, (live) => redraw(live, event));
    case "turn.finished":
      return finishTurn(state, event.message);
    case "path.selected":
      return selectPath(state, event);
    default:
      return state;
  }
}

/** A new message goes to the end of the path, or stands beside it until `path.selected` says otherwise. */
function place(state: ConversationSnapshot, message: Message): ConversationSnapshot {
  const held = state.messages.some(({ id }) => id === message.id);
  const leaf = state.messages.at(-1)?.id ?? null;
  let next = state;
  if (held) {
    next = replace(state, message);
  } else if (message.parent === leaf) {
    next = {
      ...state,
      conversation: { ...state.conversation, leaf: message.id },
      messages: [...state.messages, row(state, message)],
    };
  }
  return shareSiblings(next, message);
}

function replace(state: ConversationSnapshot, message: Message): ConversationSnapshot {
  if (!state.messages.some(({ id }) => id === message.id)) return state;
  return { ...state, messages: state.messages.map((old) => (old.id === message.id ? row(state, message) : old)) };
}

/** A live turn's text stands under `live` alone, so that there are no two truths of it; with words, it streams. */
function row(state: ConversationSnapshot, message: Message): Message {
  const live = state.live.find(({ turn }) => turn === message.id);
  if (!live) return message;
  const speaks = live.text || live.reasoning || live.blocks?.length || live.reasoning_blocks?.length;
  const status = speaks && message.status === "pending" ? "streaming" : message.status;
  const bare = { ...message, text: "", html: "", status };
  delete bare.reasoning;
  delete bare.reasoning_html;
  return bare;
}

/** The list that came with one message holds for everyone in it. */
function shareSiblings(state: ConversationSnapshot, { siblings }: Message): ConversationSnapshot {
  const outdated = (message: Message) =>
    siblings.includes(message.id) && message.siblings.join() !== siblings.join();
  if (!state.messages.some(outdated)) return state;
  return {
    ...state,
    messages: state.messages.map((message) => (outdated(message) ? { ...message, siblings } : message)),
  };
}

/** The first run of a turn starts empty, a continued one from the text so far. */
function startTurn(state: ConversationSnapshot, message: Message, format: Format): ConversationSnapshot {
  const live: LiveTurn =
    format === "text"
      ? { turn: message.id, text: message.text, reasoning: message.reasoning ?? "" }
      : {
          turn: message.id,
          text: "",
          reasoning: "",
          blocks: message.html ? [message.html] : [],
          reasoning_blocks: message.reasoning_html ? [message.reasoning_html] : [],
        };
  const others = state.live.filter(({ turn }) => turn !== message.id);
  return place(
    { ...state, conversation: { ...state.conversation, live_turn: message.id }, live: [...others, live] },
    message,
  );
}

function changeLive(
  state: ConversationSnapshot,
  turn: string,
  change: (live: LiveTurn) => LiveTurn,
): ConversationSnapshot {
  const old = state.live.find((live) => live.turn === turn);
  const changed = old && change(old);
  if (changed === old) return state;
  return {
    ...state,
    live: state.live.map((live) => (live === old && changed ? changed : live)),
    messages: state.messages.map((message) =>
      message.id === turn && message.status === "pending" ? { ...message, status: "streaming" } : message,
    ),
  };
}

/** Appends what is new of a delta. One that starts beyond the end belongs to a text that is not held here. */
function extend(live: LiveTurn, { part, from, text }: Of<"turn.delta">): LiveTurn {
  const key = part === "answer" ? "text" : "reasoning";
  const known = countCodePoints(live[key]) - from;
  const fresh = known < 0 ? "" : dropCodePoints(text, known);
  return fresh ? { ...live, [key]: live[key] + fresh } : live;
}

function redraw(live: LiveTurn, { part, keep, blocks }: Of<"turn.render">): LiveTurn {
  const key = part === "answer" ? "blocks" : "reasoning_blocks";
  return { ...live, [key]: [...(live[key] ?? []).slice(0, keep), ...blocks] };
}

function finishTurn(state: ConversationSnapshot, message: Message): ConversationSnapshot {
  const conversation = { ...state.conversation };
  if (conversation.live_turn === message.id) delete conversation.live_turn;
  const ended = { ...state, conversation, live: state.live.filter(({ turn }) => turn !== message.id) };
  return shareSiblings(replace(ended, message), message);
}

function selectPath(state: ConversationSnapshot, { leaf, after, messages }: Of<"path.selected">): ConversationSnapshot {
  const common = state.messages.findIndex(({ id }) => id === after) + 1;
  const first = messages[0];
  // Where the new part does not follow on what is held here, it is all that is held, and `history` has the rest.
  const joined = common > 0 && (first === undefined || first.parent === after);
  const path = [...(joined ? state.messages.slice(0, common) : []), ...messages.map((message) => row(state, message))];
  const missing = first && first.parent !== null ? first.id : null;
  const selected = {
    ...state,
    conversation: { ...state.conversation, leaf },
    messages: path,
    next: joined ? state.next : missing,
  };
  return messages.reduce(shareSiblings, selected);
}

import type { Draft } from "@/protocol/frames.gen";
import type { EventOf } from "@/protocol/frames";
import { CommandError } from "@/socket/errors";
import { keep, kept } from "@/stores/keeping";
import { useLink } from "@/stores/link";
import { useDebounceFn } from "@vueuse/core";
import { defineStore } from "pinia";
import { shallowReactive } from "vue";

/** Conversation, or null for one that does not exist yet. */
type Place = string | null;

const SAVE_AFTER_MS = 500;
const SAVE_WITHIN_MS = 2_000;
const KIND = "draft";
const NEW = "new";

/** What is typed and not sent: the same in every tab, but never another's words over those that are being typed. */
export const useDrafts = defineStore("drafts", () => {
  const link = useLink();
  const texts = shallowReactive(new Map<Place, string>());
  /** Typed here, and not known to the server; this browser keeps them. */
  const unsaved = new Set<Place>();
  /** That this page has had: what they wrote is no news. */
  const connections = new Set<string>();
  /** Their words are on the way to the server as a message. */
  const emptied = new Set<Place>();
  let user = "";
  let focused = false;
  /** Where something was typed since the box has the focus. */
  let changed: Place | undefined;

  /** Also what an earlier page of this browser could not save. */
  function begin(someone: string): void {
    user = someone;
    for (const [name, text] of kept(KIND, user)) {
      const place = name === NEW ? null : name;
      if (typeof text !== "string") continue;
      texts.set(place, text);
      unsaved.add(place);
    }
  }

  function greeted(connection: string): void {
    connections.add(connection);
  }

  function synced(drafts: Draft[]): void {
    const now = new Map(drafts.map(({ conversation, text }) => [conversation, text]));
    for (const place of new Set([...texts.keys(), ...now.keys()])) take(place, now.get(place) ?? "");
  }

  function heard({ conversation, text, connection }: EventOf<"draft">): void {
    if (!connections.has(connection)) take(conversation, text);
  }

  function take(place: Place, text: string): void {
    if (!unsaved.has(place) && !emptied.has(place) && changed !== place) put(place, text);
  }

  /** By the person in front of this page. */
  function write(place: Place, text: string): void {
    if (text === (texts.get(place) ?? "")) return;
    put(place, text);
    if (focused) changed = place;
    unsaved.add(place);
    keep(KIND, user, place ?? NEW, text);
    void saveSoon();
  }

  /** It is a message now. The server empties the place when it is stored, and until then has the old words still. */
  function sent(place: Place, stored: Promise<unknown>): void {
    put(place, "");
    saved(place);
    changed = undefined;
    emptied.add(place);
    void stored.finally(() => emptied.delete(place));
  }

  /** A new conversation has got its id: what was typed since belongs there. */
  function move(from: Place, to: Place): void {
    const text = texts.get(from);
    if (!text) return;
    write(from, "");
    write(to, text);
  }

  /** The box has the focus, or has it no longer. */
  function focus(has: boolean): void {
    focused = has;
    changed = undefined;
  }

  const saveSoon = useDebounceFn(flush, SAVE_AFTER_MS, { maxWait: SAVE_WITHIN_MS });

  function flush(): void {
    unsaved.forEach((place) => void save(place));
  }

  /** Without a connection it stays here, until there is one and all is flushed. */
  async function save(place: Place): Promise<void> {
    const text = texts.get(place) ?? "";
    try {
      await link.request({ type: "draft", conversation: place, text });
      if (text === (texts.get(place) ?? "")) saved(place);
    } catch (error) {
      if (error instanceof CommandError && error.code === "not_found") drop(place);
    }
  }

  function saved(place: Place): void {
    unsaved.delete(place);
    keep(KIND, user, place ?? NEW, null);
  }

  /** There is no such conversation any more. */
  function drop(place: Place): void {
    texts.delete(place);
    saved(place);
  }

  function put(place: Place, text: string): void {
    if (text) texts.set(place, text);
    else texts.delete(place);
  }

  function clear(): void {
    texts.clear();
    unsaved.clear();
    connections.clear();
    emptied.clear();
    focus(false);
  }

  return { texts, begin, greeted, synced, heard, write, sent, move, focus, flush, drop, clear };
});

/** What the key is called that goes with the others: ⌘ on a Mac. */
export const COMMAND = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";

/** Whether it is held, and alone. On a Mac Ctrl has another meaning, above all in text boxes. */
export function isCommand(event: KeyboardEvent): boolean {
  const [held, other] = COMMAND === "⌘" ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey];
  return held && !other && !event.altKey;
}

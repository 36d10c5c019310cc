/** What the key is called that goes with the others: ⌘ on a Mac. */
export const COMMAND = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";

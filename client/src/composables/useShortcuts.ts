import { usePage } from "@/stores/page";
import { useEventListener } from "@vueuse/core";

export interface ShortcutActions {
  newChat: () => void;
  focusComposer: () => void;
  stop: () => void;
  toggleSidebar: () => void;
}

const OPEN_LAYER = '[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]';

/** The keys of the whole page. ⌘ counts as Ctrl. */
export function useShortcuts(actions: ShortcutActions): void {
  const page = usePage();

  /** Keys with Ctrl and Shift, by their letter. */
  const letters = new Map<string, () => void>([
    ["o", actions.newChat],
    ["s", actions.toggleSidebar],
  ]);

  useEventListener(window, "keydown", (event: KeyboardEvent) => {
    if (event.isComposing || event.defaultPrevented) return;
    const command = (event.ctrlKey || event.metaKey) && !event.altKey;
    const letter = command && event.shiftKey ? letters.get(event.key.toLowerCase()) : undefined;
    if (letter) run(event, letter);
    else if (command && event.key === "/") run(event, () => page.toggleSettings("keys"));
    else if (command && event.key === ".") run(event, () => page.toggleSettings());
    else if (event.key === "Escape" && event.shiftKey) run(event, actions.focusComposer);
    else if (event.key === "Escape" && !document.querySelector(OPEN_LAYER)) actions.stop();
  });

  function run(event: KeyboardEvent, act: () => void): void {
    event.preventDefault();
    act();
  }
}

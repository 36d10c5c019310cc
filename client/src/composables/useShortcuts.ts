import { isCommand } from "@/composables/commandKey";
import { isComposed } from "@/composables/useSendKey";
import { usePage } from "@/stores/page";
import { useEventListener } from "@vueuse/core";

export interface ShortcutActions {
  newChat: () => void;
  focusComposer: () => void;
  stop: () => void;
  toggleSidebar: () => void;
  copyAnswer: () => void;
  copyCode: () => void;
}

const OPEN_LAYER = '[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]';

/** The keys of the whole page; with the key that `commandKey` names, unless they are Esc. */
export function useShortcuts(actions: ShortcutActions): void {
  const page = usePage();

  const withCommand = new Map<string, () => void>([
    ["k", () => (page.dialog = page.dialog === "search" ? null : "search")],
    [".", () => page.toggleSettings()],
    ["/", () => page.toggleSettings("keys")],
  ]);
  const withShift = new Map<string, () => void>([
    ["o", actions.newChat],
    ["s", actions.toggleSidebar],
    ["c", actions.copyAnswer],
    [";", actions.copyCode],
    // What Shift makes of it on many keyboards.
    [":", actions.copyCode],
  ]);

  useEventListener(window, "keydown", (event: KeyboardEvent) => {
    if (event.defaultPrevented || isComposed(event)) return;
    const table = event.shiftKey ? withShift : withCommand;
    const act = isCommand(event) ? table.get(event.key.toLowerCase()) : undefined;
    if (act) run(event, act);
    else if (event.key === "Escape" && event.shiftKey) run(event, actions.focusComposer);
    else if (event.key === "Escape" && !document.querySelector(OPEN_LAYER)) actions.stop();
  });

  function run(event: KeyboardEvent, act: () => void): void {
    event.preventDefault();
    act();
  }
}

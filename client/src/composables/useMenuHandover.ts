/**
 * For an entry of a menu that opens something which takes the focus. It happens when the menu is gone, instead of giving
 * the focus back to the menu's button, which would take it from what has just been opened.
 */
export function useMenuHandover(act: () => void) {
  let chosen = false;

  function onClosed(event: Event): void {
    if (!chosen) return;
    chosen = false;
    event.preventDefault();
    act();
  }

  return { choose: () => (chosen = true), onClosed };
}

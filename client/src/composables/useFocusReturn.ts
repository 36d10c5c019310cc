/** For dialogs without a button of their own: when one closes, the focus goes back to where it came from. */
export function useFocusReturn() {
  let opener: HTMLElement | null = null;

  /** While it opens, before the focus moves. A menu is about to vanish and stands for the button that opened it. */
  function remember(): void {
    const from = document.activeElement;
    const menu = from?.closest('[role="menu"]');
    opener = menu ? document.getElementById(menu.getAttribute("aria-labelledby") ?? "") : (from as HTMLElement | null);
  }

  function giveBack(event: Event): void {
    event.preventDefault();
    opener?.focus();
  }

  return { remember, giveBack };
}

import type { Ref } from "vue";

const FOUND_MS = 2_000;

/** Brings a message into view that may be far from the end, and shows which one it is. */
export function useReveal(scroller: Ref<HTMLElement | null>, leaveEnd: () => void) {
  return function reveal(message: string): void {
    const target = scroller.value?.querySelector<HTMLElement>(`[data-message="${message}"]`);
    if (!target) return;
    leaveEnd();
    const show = () => target.scrollIntoView({ block: "center" });
    show();
    // What was not drawn before may have another height than was thought.
    requestAnimationFrame(show);
    target.classList.add("found");
    setTimeout(() => target.classList.remove("found"), FOUND_MS);
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
  };
}

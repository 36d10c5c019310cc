import type { Ref } from "vue";

/** What has just come has its buttons a frame or two later. */
const FRAMES = 10;

/** Another branch in the place of one: what was looked at stays where it was, and so does the focus. */
export function useBranchPlace(scroller: Ref<HTMLElement | null>) {
  let wanted: { message: string; top: number; step: string | undefined } | null = null;

  function find(message: string): HTMLElement | null {
    return scroller.value?.querySelector(`[data-message="${message}"]`) ?? null;
  }

  /** `to` was asked for, and will come. */
  function leave(from: string, to: string): void {
    const old = find(from);
    const { activeElement } = document;
    const step = old?.contains(activeElement) && activeElement instanceof HTMLElement ? activeElement.dataset.step : undefined;
    wanted = old ? { message: to, top: old.getBoundingClientRect().top, step } : null;
  }

  /** After each change of the path: whether it was the one that was wanted. */
  function arrive(): boolean {
    const now = wanted && find(wanted.message);
    if (!wanted || !now || !scroller.value) return false;
    scroller.value.scrollTop += now.getBoundingClientRect().top - wanted.top;
    const { step } = wanted;
    wanted = null;
    if (step) void focusStep(now, step);
    return true;
  }

  return { leave, arrive };
}

async function focusStep(message: HTMLElement, step: string): Promise<void> {
  for (let frame = 0; frame < FRAMES; frame++) {
    await new Promise(requestAnimationFrame);
    const button = message.querySelector<HTMLElement>(`[data-step="${step}"]`);
    if (button) {
      button.focus();
      return;
    }
  }
}

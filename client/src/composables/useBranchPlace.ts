import { nextTick, type Ref } from "vue";

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
    if (step) void nextTick(() => now.querySelector<HTMLElement>(`[data-step="${step}"]`)?.focus());
    return true;
  }

  return { leave, arrive };
}

import type { Ref } from "vue";

const STEPS: Record<string, (index: number, last: number) => number> = {
  ArrowDown: (index, last) => Math.min(index + 1, last),
  ArrowUp: (index) => Math.max(index - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

/** From row to row of a list of links by the arrow keys. */
export function useRowKeys(list: Readonly<Ref<HTMLElement | null>>) {
  return function onKey(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    const rows = [...(list.value?.querySelectorAll<HTMLElement>("a[href]") ?? [])];
    const index = rows.findIndex((row) => row === document.activeElement);
    if (!step || index < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = rows[step(index, rows.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
}

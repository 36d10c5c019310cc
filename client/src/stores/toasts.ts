import { defineStore } from "pinia";
import { shallowReactive } from "vue";

export interface ToastAction {
  label: string;
  run: () => void;
}

export interface Toast {
  id: number;
  kind: "error" | "info";
  text: string;
  actions: ToastAction[];
}

const SHOWN_MS = 6_000;

/** Short words at the edge of the page, for what has no better place. */
export const useToasts = defineStore("toasts", () => {
  const list = shallowReactive<Toast[]>([]);
  let last = 0;

  function show(kind: Toast["kind"], text: string, actions: ToastAction[] = [], shownMs = SHOWN_MS): void {
    last += 1;
    const id = last;
    list.push({ id, kind, text, actions });
    if (shownMs !== Infinity) setTimeout(() => dismiss(id), shownMs);
  }

  function dismiss(id: number): void {
    const index = list.findIndex((toast) => toast.id === id);
    if (index >= 0) list.splice(index, 1);
  }

  return { list, show, dismiss };
});

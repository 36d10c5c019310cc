import { defineStore } from "pinia";
import { shallowReactive } from "vue";

export interface Toast {
  id: number;
  kind: "error" | "info";
  text: string;
}

const SHOWN_MS = 6_000;

/** Short words at the edge of the page, for what has no better place. */
export const useToasts = defineStore("toasts", () => {
  const list = shallowReactive<Toast[]>([]);
  let last = 0;

  function show(kind: Toast["kind"], text: string): void {
    last += 1;
    const id = last;
    list.push({ id, kind, text });
    setTimeout(() => dismiss(id), SHOWN_MS);
  }

  function dismiss(id: number): void {
    const index = list.findIndex((toast) => toast.id === id);
    if (index >= 0) list.splice(index, 1);
  }

  return { list, show, dismiss };
});

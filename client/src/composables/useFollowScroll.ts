/**
 * A view of something that grows at its end: it follows while it is pinned there. Only a person unpins it, by wheel,
 * touch, key, scroll bar or selection; a layout that changes under the view never does.
 */
import { useEventListener, useResizeObserver } from "@vueuse/core";
import { nextTick, type Ref, ref } from "vue";

const AT_END_PX = 8;
const AWAY_PX = 120;
/** A person's scrolling goes on by momentum for a while after the last touch. */
const GESTURE_MS = 1_200;
const UPWARD_KEYS = new Set(["PageUp", "ArrowUp", "Home"]);

export function useFollowScroll(scroller: Ref<HTMLElement | null>, content: Ref<HTMLElement | null>) {
  const pinned = ref(true);
  const away = ref(false);
  /** Something came below what is seen. */
  const unseen = ref(false);
  let gestureAt = -Infinity;
  let dragging = false;
  let height = 0;

  function distance(): number {
    const view = scroller.value;
    return view ? view.scrollHeight - view.clientHeight - view.scrollTop : 0;
  }

  function toEnd(behavior: ScrollBehavior = "instant"): void {
    pinned.value = true;
    unseen.value = false;
    scroller.value?.scrollTo({ top: scroller.value.scrollHeight, behavior });
  }

  function unpin(): void {
    if (scroller.value && scroller.value.scrollHeight > scroller.value.clientHeight) pinned.value = false;
  }

  function gesture(upward: boolean): void {
    gestureAt = performance.now();
    if (upward) unpin();
  }

  useEventListener(scroller, "wheel", ({ deltaY }: WheelEvent) => gesture(deltaY < 0), { passive: true });
  let touchY = 0;
  useEventListener(scroller, "touchstart", ({ touches }: TouchEvent) => (touchY = touches[0]?.clientY ?? 0), {
    passive: true,
  });
  useEventListener(scroller, "touchmove", ({ touches }: TouchEvent) => gesture((touches[0]?.clientY ?? 0) > touchY), {
    passive: true,
  });
  useEventListener(scroller, "keydown", ({ key }: KeyboardEvent) => gesture(UPWARD_KEYS.has(key)));
  // A press on the scroller itself, not on what is in it, is one on the scroll bar.
  useEventListener(scroller, "pointerdown", ({ target }: PointerEvent) => (dragging = target === scroller.value));
  useEventListener(window, "pointerup", () => (dragging = false));
  useEventListener(document, "selectionchange", () => {
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && scroller.value?.contains(selection.anchorNode)) unpin();
  });

  useEventListener(
    scroller,
    "scroll",
    () => {
      away.value = distance() > AWAY_PX;
      const byPerson = dragging || performance.now() - gestureAt < GESTURE_MS;
      if (!byPerson) return;
      if (distance() <= AT_END_PX) {
        pinned.value = true;
        unseen.value = false;
      } else if (dragging) pinned.value = false;
    },
    { passive: true },
  );

  useResizeObserver([content, scroller], () => {
    const view = scroller.value;
    if (!view) return;
    const grown = view.scrollHeight > height;
    height = view.scrollHeight;
    if (pinned.value) view.scrollTop = view.scrollHeight;
    else if (grown && distance() > AWAY_PX) unseen.value = true;
    away.value = distance() > AWAY_PX;
  });

  /** Keeps what is seen where it is while something is put in above it. */
  async function holding(change: () => Promise<unknown>): Promise<void> {
    const view = scroller.value;
    if (!view) return;
    const fromEnd = view.scrollHeight - view.scrollTop;
    // The browser's own anchoring would correct a second time.
    view.style.overflowAnchor = "none";
    await change();
    await nextTick();
    view.scrollTop = view.scrollHeight - fromEnd;
    height = view.scrollHeight;
    view.style.overflowAnchor = "";
  }

  return { pinned, away, unseen, toEnd, holding };
}

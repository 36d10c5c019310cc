/**
 * A view of something that grows at its end: it follows while it is pinned there. Only a person unpins it, by wheel,
 * touch, key, scroll bar or selection, or what the browser does for them, such as finding in the page.
 *
 * A layout that changes never counts as the person. It is looked at as soon as it is done, before anything is told of
 * the scrolling that it causes; what has moved up since the last look, by more than the content has become shorter, was
 * moved by somebody.
 */
import { useEventListener, usePreferredReducedMotion, useResizeObserver } from "@vueuse/core";
import { nextTick, type Ref, ref } from "vue";

const AT_END_PX = 8;
const AWAY_PX = 120;
/** A finger that only taps moves a little, too. */
const TAP_PX = 4;
const UPWARD_KEYS = new Set(["PageUp", "ArrowUp", "Home"]);

export function useFollowScroll(scroller: Ref<HTMLElement | null>, content: Ref<HTMLElement | null>) {
  const pinned = ref(true);
  const away = ref(false);
  /** Something came below what is seen. */
  const unseen = ref(false);
  const motion = usePreferredReducedMotion();
  /** As of the last look. */
  let top = 0;
  let height = 0;
  let selecting = false;

  function look(view: HTMLElement): void {
    top = view.scrollTop;
    height = view.scrollHeight;
    away.value = height - view.clientHeight - top > AWAY_PX;
    if (!away.value) unseen.value = false;
  }

  function pin(): void {
    pinned.value = true;
    unseen.value = false;
    selecting = false;
  }

  function unpin(): void {
    if (scroller.value && scroller.value.scrollHeight > scroller.value.clientHeight) pinned.value = false;
  }

  function toEnd(behavior: ScrollBehavior = "instant"): void {
    pin();
    const smooth = behavior === "smooth" && motion.value === "no-preference";
    scroller.value?.scrollTo({ top: scroller.value.scrollHeight, behavior: smooth ? "smooth" : "instant" });
  }

  /** There is something new at the end. */
  function grew(): void {
    if (!pinned.value) unseen.value = true;
  }

  // Told before the view moves, so that the next word cannot carry it back.
  useEventListener(
    scroller,
    "wheel",
    ({ deltaY, ctrlKey }: WheelEvent) => {
      if (deltaY < 0 && !ctrlKey) unpin();
    },
    { passive: true },
  );
  let touchY = 0;
  useEventListener(scroller, "touchstart", ({ touches }: TouchEvent) => (touchY = touches[0]?.clientY ?? 0), {
    passive: true,
  });
  useEventListener(
    scroller,
    "touchmove",
    ({ touches }: TouchEvent) => {
      if ((touches[0]?.clientY ?? 0) > touchY + TAP_PX) unpin();
    },
    { passive: true },
  );
  useEventListener(scroller, "keydown", ({ key, shiftKey }: KeyboardEvent) => {
    if (UPWARD_KEYS.has(key) || (key === " " && shiftKey)) unpin();
  });
  // A selection also changes when the text in it is drawn anew: only one that was begun here and now is a person's.
  useEventListener(scroller, "selectstart", () => (selecting = true));
  useEventListener(document, "selectionchange", () => {
    if (selecting && document.getSelection()?.isCollapsed === false) unpin();
  });

  useEventListener(
    scroller,
    "scroll",
    () => {
      const view = scroller.value;
      if (!view) return;
      const moved = view.scrollTop - top;
      const shrunk = Math.max(0, height - view.scrollHeight);
      // By the height that the person saw: the end may have moved on in the same moment.
      const reached = view.scrollTop + view.clientHeight >= height - AT_END_PX;
      look(view);
      if (moved < -shrunk && !reached) unpin();
      else if (moved > 0 && reached) pin();
    },
    { passive: true },
  );

  useResizeObserver([content, scroller], () => {
    const view = scroller.value;
    if (!view) return;
    if (pinned.value) view.scrollTop = view.scrollHeight;
    look(view);
  });

  /** To be called before something is put in above: keeps what is seen where it is. */
  async function hold(): Promise<void> {
    const view = scroller.value;
    const last = content.value?.lastElementChild;
    if (!view || !last) return;
    const before = last.getBoundingClientRect().top;
    // The browser's own anchoring would correct a second time; in some browsers, and at the very top, there is none.
    view.style.overflowAnchor = "none";
    await nextTick();
    view.scrollTop += last.getBoundingClientRect().top - before;
    look(view);
    view.style.overflowAnchor = "";
  }

  return { pinned, away, unseen, toEnd, unpin, grew, hold };
}

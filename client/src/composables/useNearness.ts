import { ref } from "vue";

/** Where the browser does not tell of it, everything is near. */
const TELLS = "oncontentvisibilityautostatechange" in HTMLElement.prototype;
const OPENED = '.message-actions :is([data-state="open"], [aria-expanded="true"])';

/**
 * Whether something with `content-visibility: auto` is near what is seen, or holds the focus or a part of the selection:
 * whether the browser draws it. `onChange` is to hear its contentvisibilityautostatechange.
 *
 * What only hands and eyes look for, the buttons of a message, need not be there otherwise: of a long conversation they
 * would be most of the page. Words always are, for finding in the page and for screen readers, which bring near what
 * they read.
 */
export function useNearness() {
  const near = ref(!TELLS);

  function onChange({ skipped, currentTarget }: ContentVisibilityAutoStateChangeEvent): void {
    // What was opened by a button, and may hold words that were typed, goes with it.
    near.value = !skipped || (currentTarget instanceof Element && currentTarget.querySelector(OPENED) !== null);
  }

  return { near, onChange };
}

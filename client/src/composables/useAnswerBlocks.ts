import { computed, type ComputedRef } from "vue";

/**
 * The blocks of an answer while it grows, and the same blocks once it is whole. A finished message is one text; cut
 * where its blocks were, its DOM stays as it is, and nothing on the page moves at the end.
 */
export function useAnswerBlocks(
  live: () => string[] | null | undefined,
  whole: () => string | null | undefined,
): ComputedRef<string[]> {
  let last: string[] = [];
  return computed(() => {
    const blocks = live();
    last = blocks ?? cutLike(last, whole() ?? "");
    return last;
  });
}

/** As many of the blocks as `html` begins with, and the rest as one. */
export function cutLike(blocks: string[], html: string): string[] {
  const cut: string[] = [];
  let position = 0;
  for (const block of blocks) {
    if (!html.startsWith(block, position)) break;
    cut.push(block);
    position += block.length;
  }
  const rest = html.slice(position);
  return rest ? [...cut, rest] : cut;
}

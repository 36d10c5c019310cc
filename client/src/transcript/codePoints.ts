/** Positions on the wire count Unicode code points; JavaScript's `length` counts UTF-16 units. */

export function countCodePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    count += 1;
    if (isPair(text, index)) index += 1;
  }
  return count;
}

/** What is left of `text` without its first `count` code points. */
export function dropCodePoints(text: string, count: number): string {
  let index = 0;
  for (let dropped = 0; dropped < count && index < text.length; dropped += 1) {
    index += isPair(text, index) ? 2 : 1;
  }
  return text.slice(index);
}

function isPair(text: string, index: number): boolean {
  return (text.codePointAt(index) ?? 0) > 0xffff;
}

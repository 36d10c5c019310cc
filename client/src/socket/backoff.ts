const FIRST_MS = 500;
const MOST_MS = 30_000;

/** How long to wait before a try: doubling, and random by half, so that tabs that fell together do not rise together. */
export function backoffDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return ceiling * (0.5 + random() / 2);
}

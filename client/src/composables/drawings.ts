/** Each diagram is drawn once in each theme, and the last ones are kept. */
import { drawInFrame, type Picture } from "@/composables/diagramFrame";
import type { Size } from "@/stores/page";

/** As an image of the page: an address of the kind `data:`, in which no script runs and which loads nothing. */
export interface Drawing extends Size {
  address: string;
  words: string[];
}

/** Beyond this a diagram stays its source: laying it out takes the square of its size. */
export const MAX_SOURCE = 20_000;
const KEPT = 60;

const settled = new Map<string, Drawing | null>();
const underWay = new Map<string, Promise<Drawing | null>>();

/** Null where it cannot be drawn; undefined where that is not known yet. */
export function knownDrawing(source: string, dark: boolean): Drawing | null | undefined {
  return source.length > MAX_SOURCE ? null : settled.get(keyOf(source, dark));
}

/** Null where it cannot be drawn. Rejects where nothing can be drawn at the moment. */
export async function draw(source: string, dark: boolean): Promise<Drawing | null> {
  const known = knownDrawing(source, dark);
  if (known !== undefined) return known;
  const key = keyOf(source, dark);
  const drawing = underWay.get(key) ?? drawInFrame(source, dark).then(toDrawing);
  underWay.set(key, drawing);
  try {
    const drawn = await drawing;
    keep(key, drawn);
    return drawn;
  } finally {
    underWay.delete(key);
  }
}

function keyOf(source: string, dark: boolean): string {
  return `${dark ? "dark" : "light"} ${source}`;
}

function keep(key: string, drawn: Drawing | null): void {
  settled.set(key, drawn);
  const [oldest] = settled.keys();
  if (settled.size > KEPT && oldest !== undefined) settled.delete(oldest);
}

function toDrawing(picture: Picture | null): Drawing | null {
  if (!picture) return null;
  const { svg, ...rest } = picture;
  return { address: `data:image/svg+xml,${encodeURIComponent(svg)}`, ...rest };
}

import type { ShownPicture, Size } from "@/stores/page";

/** What the frame for pictures of other sites tells: the picture's size, or that there is none. */
export type PictureNews = Size | null;

/** Of another site: this page's own policy keeps it out. */
export function isElsewhere(address: string): boolean {
  const { protocol, origin } = new URL(address, location.href);
  return protocol.startsWith("http") && origin !== location.origin;
}

export function frameFor({ address, alt }: ShownPicture): string {
  return `/frames/picture.html#${new URLSearchParams({ address, alt }).toString()}`;
}

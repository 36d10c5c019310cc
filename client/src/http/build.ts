/** Which build of the client this page is, and which one the server would give now. The build itself puts it there. */
const META = 'meta[name="parley-client"]';

/** Null while developing, where nothing is built. */
export function ownBuild(): string | null {
  return buildOf(document);
}

export async function servedBuild(): Promise<string | null> {
  try {
    const response = await fetch("/", { cache: "no-cache" });
    return response.ok ? buildOf(new DOMParser().parseFromString(await response.text(), "text/html")) : null;
  } catch {
    return null;
  }
}

function buildOf(page: Document): string | null {
  return page.querySelector<HTMLMetaElement>(META)?.content ?? null;
}

/**
 * Draws diagrams for the page that this one is framed in, which has forbidden itself what Mermaid needs. What comes here
 * was written by a model: this page's origin is no one's, its policy lets it fetch nothing, and a picture is all it gives.
 */
import type { DrawingOrder, DrawingReply, Picture } from "@/composables/diagramFrame";
import mermaid from "mermaid";
import { makeLegible } from "./legible";
import { configuration } from "./theme";

const MAX_SVG = 1_000_000;

const { port1, port2 } = new MessageChannel();
port1.onmessage = ({ data }: MessageEvent<DrawingOrder>) => void answer(data);
// Whoever else frames this page hears nothing: the address is this server's.
parent.postMessage("ready", location.origin, [port2]);

async function answer(order: DrawingOrder): Promise<void> {
  let picture: Picture | null = null;
  try {
    picture = await draw(order);
  } catch {
    // No diagram that Mermaid knows. What it says of it is in English, and for who wrote the source.
  }
  document.body.replaceChildren();
  port1.postMessage({ id: order.id, picture } satisfies DrawingReply);
}

async function draw({ source, dark }: DrawingOrder): Promise<Picture | null> {
  mermaid.initialize(configuration(dark));
  const { svg } = await mermaid.render("diagram", source);
  const drawn = new DOMParser().parseFromString(svg, "text/html").querySelector("svg");
  const [, , width = 0, height = 0] = drawn?.getAttribute("viewBox")?.split(/[\s,]+/).map(Number) ?? [];
  if (!drawn || !(width > 0 && height > 0)) return null;
  // As a picture it has a size of its own, where Mermaid would have it fill the page.
  drawn.removeAttribute("style");
  drawn.setAttribute("width", String(width));
  drawn.setAttribute("height", String(height));
  document.body.append(drawn);
  makeLegible(drawn);
  // What Mermaid gives is HTML; a picture has to be XML.
  const text = new XMLSerializer().serializeToString(drawn);
  return text.length <= MAX_SVG ? { svg: text, width, height, words: wordsIn(drawn) } : null;
}

/** What can be read in it, for those who do not see it. */
function wordsIn(drawn: SVGElement): string[] {
  const title = drawn.querySelector(":scope > title")?.textContent.trim();
  if (title) return [title];
  const texts = [...drawn.querySelectorAll("text")].map((text) => text.textContent.replace(/\s+/g, " ").trim());
  return [...new Set(texts.filter(Boolean))];
}

/**
 * Mermaid writes inline styles, which this page's policy forbids. So it runs in a frame with a policy and an origin of its
 * own, and hands pictures back as text. The frame is made for the first diagram and stays; one that hangs is thrown away.
 */
export interface DrawingOrder {
  id: number;
  source: string;
  dark: boolean;
}

/** As it is sent; `words` are what can be read in it. */
export interface Picture {
  svg: string;
  width: number;
  height: number;
  words: string[];
}

/** Without a picture where the source is none of Mermaid's. */
export interface DrawingReply {
  id: number;
  picture: Picture | null;
}

interface Frame {
  element: HTMLIFrameElement;
  port: MessagePort;
}

const ADDRESS = "/frames/diagram.html";
const LOAD_MS = 30_000;
const DRAW_MS = 8_000;

let opening: Promise<Frame> | null = null;
let queue: Promise<unknown> = Promise.resolve();
let orders = 0;

/** One after the other, so that each has its time for itself. Null where it cannot be drawn; rejects without a frame. */
export function drawInFrame(source: string, dark: boolean): Promise<Picture | null> {
  const drawing = queue.then(() => drawNow(source, dark));
  queue = drawing.catch(() => undefined);
  return drawing;
}

async function drawNow(source: string, dark: boolean): Promise<Picture | null> {
  opening ??= open();
  const { element, port } = await opening;
  const id = ++orders;
  const reply = answerTo(id, port);
  port.postMessage({ id, source, dark } satisfies DrawingOrder);
  const picture = await reply;
  if (picture !== undefined) return picture;
  element.remove();
  opening = null;
  return null;
}

/** Undefined when it has taken too long. */
function answerTo(id: number, port: MessagePort): Promise<Picture | null | undefined> {
  return new Promise((done) => {
    const timer = setTimeout(() => done(undefined), DRAW_MS);
    port.onmessage = ({ data }: MessageEvent<DrawingReply>) => {
      if (data.id !== id) return;
      clearTimeout(timer);
      done(data.picture);
    };
  });
}

async function open(): Promise<Frame> {
  const element = document.createElement("iframe");
  element.className = "diagram-frame";
  element.title = "Mermaid";
  element.tabIndex = -1;
  element.ariaHidden = "true";
  // While developing, the server of the scripts gives none to a page without an origin.
  if (import.meta.env.PROD) element.setAttribute("sandbox", "allow-scripts");
  element.src = ADDRESS;
  try {
    const port = arrival(element);
    document.body.append(element);
    return { element, port: await port };
  } catch (error) {
    element.remove();
    opening = null;
    throw error;
  }
}

/** The frame says that it is there, and how it can be spoken to. */
function arrival(element: HTMLIFrameElement): Promise<MessagePort> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => end(undefined), LOAD_MS);
    addEventListener("message", hear);

    function hear({ source, ports }: MessageEvent): void {
      if (source === element.contentWindow) end(ports[0]);
    }

    function end(port: MessagePort | undefined): void {
      clearTimeout(timer);
      removeEventListener("message", hear);
      if (port) done(port);
      else fail(new Error("no frame for diagrams"));
    }
  });
}

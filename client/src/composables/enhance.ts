/**
 * What the server's HTML cannot do by itself: a head with buttons on code, tables that scroll inside themselves,
 * formulas, links that leave this tab alone. Works on the DOM of one block, and may be called on it again.
 */
import type Katex from "katex";

export interface EnhanceLabels {
  code: string;
  copy: string;
  copyCode: string;
  wrap: string;
  wrapCode: string;
  table: string;
}

/** What most first screens do not need. */
type Part = "formulas" | "colours";

let katex: typeof Katex | null = null;
/** On their way, or here. */
const parts = new Map<Part, Promise<void>>();

export function enhance(block: HTMLElement, labels: EnhanceLabels): void {
  block.querySelectorAll("pre").forEach((pre) => addCodeHead(pre, block, labels));
  block.querySelectorAll("table").forEach((table) => wrapTable(table, labels.table));
  block.querySelectorAll<HTMLInputElement>('li input[type="checkbox"]').forEach((box) => {
    box.setAttribute("aria-label", box.closest("li")?.textContent.trim() ?? "");
  });
  block.querySelectorAll<HTMLAnchorElement>('a[href^="http"]').forEach((link) => {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    // In a dialog: composables/useAnswerClicks.
    if (link.matches(".image-link")) link.ariaHasPopup = "dialog";
  });
  const formulas = block.querySelectorAll<HTMLElement>(".math");
  if (formulas.length > 0) renderFormulas([...formulas]);
}

/** The frames of code that Mermaid draws: only where the fence is closed. */
export function diagramsIn(block: HTMLElement): HTMLElement[] {
  const sources = [...block.querySelectorAll("pre:not(.open) > code.language-mermaid")];
  return sources.flatMap((code) => code.closest<HTMLElement>(".code") ?? []);
}

function addCodeHead(pre: HTMLPreElement, block: HTMLElement, labels: EnhanceLabels): void {
  void once("colours", () => import("@/styles/highlight.css"));
  const head = pre.parentElement?.matches(".code") ? pre.previousElementSibling : makeCodeHead(pre);
  const language = /language-(\S+)/.exec(pre.querySelector("code")?.className ?? "")?.[1] ?? labels.code;
  head?.firstElementChild?.replaceChildren(language);
  name(head?.querySelector(".code-wrap"), labels.wrap, labels.wrapCode);
  name(head?.querySelector(".code-copy"), labels.copy, labels.copyCode);
  showWrapping(block);
  // What scrolls has to be reachable by keyboard.
  pre.tabIndex = 0;
}

function name(button: Element | null | undefined, text: string, label: string): void {
  button?.replaceChildren(text);
  button?.setAttribute("aria-label", label);
}

function makeCodeHead(pre: HTMLPreElement): HTMLElement {
  const frame = element("div", "code");
  const head = element("div", "code-head");
  head.append(element("span", "code-language"), button("code-wrap"), button("code-copy"));
  pre.replaceWith(frame);
  frame.append(head, pre);
  return head;
}

/** The long lines of a block's code are broken, or not: noted on the block, so that it outlasts its next rendering. */
export function toggleWrapping(block: HTMLElement): void {
  block.classList.toggle("wrapped");
  showWrapping(block);
}

function showWrapping(block: HTMLElement): void {
  const pressed = String(block.classList.contains("wrapped"));
  block.querySelectorAll(".code-wrap").forEach((wrap) => wrap.setAttribute("aria-pressed", pressed));
}

function wrapTable(table: HTMLTableElement, label: string): void {
  let frame = table.parentElement;
  if (!frame?.matches(".table-scroll")) {
    frame = element("div", "table-scroll");
    frame.setAttribute("role", "group");
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
  }
  frame.setAttribute("aria-label", label);
}

/** At once when KaTeX is there, so that a formula in a growing block does not flicker; else when it has come. */
function renderFormulas(formulas: HTMLElement[]): void {
  if (katex) {
    formulas.forEach(renderFormula);
    return;
  }
  void once("formulas", loadKatex).then(() => formulas.filter((formula) => formula.isConnected).forEach(renderFormula));
}

async function loadKatex(): Promise<void> {
  const [library] = await Promise.all([import("katex"), import("katex/dist/katex.min.css")]);
  katex = library.default;
}

/** Where it does not come, code is without colours and formulas are TeX, which can be read; the next block tries again. */
function once(part: Part, load: () => Promise<unknown>): Promise<void> {
  const known = parts.get(part);
  if (known) return known;
  const coming = load().then(
    () => undefined,
    () => void parts.delete(part),
  );
  parts.set(part, coming);
  return coming;
}

function renderFormula(formula: HTMLElement): void {
  if (!katex || formula.dataset.tex !== undefined) return;
  const tex = formula.textContent;
  formula.dataset.tex = tex;
  // It may be wider than the page, and what scrolls has to be reachable by keyboard.
  if (formula.matches(".block")) formula.tabIndex = 0;
  try {
    katex.render(tex, formula, { displayMode: formula.matches(".block"), strict: "ignore", maxSize: 40, maxExpand: 500 });
  } catch {
    // No TeX that KaTeX knows: it is shown as it was written. Its own error text would need a style attribute.
    formula.textContent = tex;
  }
}

function element(tag: string, className: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

function button(className: string): HTMLElement {
  const made = element("button", className);
  made.setAttribute("type", "button");
  return made;
}

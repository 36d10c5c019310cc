/**
 * What the server's HTML cannot do by itself: a head with a copy button on code, tables that scroll inside themselves,
 * formulas, links that leave this tab alone. Works on the DOM of one block, and may be called on it again.
 */
import type Katex from "katex";

export interface EnhanceLabels {
  code: string;
  copyCode: string;
  copy: string;
  table: string;
}

let katex: typeof Katex | null = null;
let loading: Promise<void> | null = null;

export function enhance(block: HTMLElement, labels: EnhanceLabels): void {
  block.querySelectorAll("pre").forEach((pre) => addCodeHead(pre, labels));
  block.querySelectorAll("table").forEach((table) => wrapTable(table, labels.table));
  block.querySelectorAll<HTMLInputElement>('li input[type="checkbox"]').forEach((box) => {
    box.setAttribute("aria-label", box.closest("li")?.textContent.trim() ?? "");
  });
  block.querySelectorAll<HTMLAnchorElement>('a[href^="http"]').forEach((link) => {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  });
  const formulas = block.querySelectorAll<HTMLElement>(".math");
  if (formulas.length > 0) renderFormulas([...formulas]);
}

function addCodeHead(pre: HTMLPreElement, labels: EnhanceLabels): void {
  const head = pre.parentElement?.matches(".code") ? pre.previousElementSibling : makeCodeHead(pre);
  const button = head?.querySelector("button");
  const language = /language-(\S+)/.exec(pre.querySelector("code")?.className ?? "")?.[1] ?? labels.code;
  head?.firstElementChild?.replaceChildren(language);
  button?.replaceChildren(labels.copy);
  button?.setAttribute("aria-label", labels.copyCode);
  // What scrolls has to be reachable by keyboard.
  pre.tabIndex = 0;
}

function makeCodeHead(pre: HTMLPreElement): HTMLElement {
  const frame = element("div", "code");
  const head = element("div", "code-head");
  const button = element("button", "code-copy");
  button.setAttribute("type", "button");
  head.append(element("span", "code-language"), button);
  pre.replaceWith(frame);
  frame.append(head, pre);
  return head;
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
  loading ??= load();
  void loading.then(() => formulas.filter((formula) => formula.isConnected).forEach(renderFormula));
}

async function load(): Promise<void> {
  try {
    const [library] = await Promise.all([import("katex"), import("katex/dist/katex.min.css")]);
    katex = library.default;
  } catch {
    // The formulas stay readable as TeX; the next block tries again.
    loading = null;
  }
}

function renderFormula(formula: HTMLElement): void {
  if (!katex || formula.dataset.tex !== undefined) return;
  const tex = formula.textContent;
  formula.dataset.tex = tex;
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

/** An answer's HTML as it leaves the page: formulas are TeX again, and what this page added is gone. */

/** A formula in its delimiters. Before KaTeX has drawn it, its text is its TeX. */
function texOf(formula: HTMLElement): string {
  const tex = formula.dataset.tex ?? formula.textContent;
  return formula.matches(".block") ? `\\[ ${tex} \\]` : `\\( ${tex} \\)`;
}

function plainly(copy: ParentNode): void {
  copy.querySelectorAll<HTMLElement>(".math").forEach((formula) => formula.replaceWith(texOf(formula)));
  copy.querySelectorAll(".code-head, .diagram").forEach((added) => added.remove());
  // In a document there are no styles of ours: a table without lines could not be read.
  copy.querySelectorAll("table").forEach((table) => table.setAttribute("border", "1"));
}

/** The server's HTML for documents and mails. */
export function richText(html: string): string {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  plainly(body);
  return body.innerHTML;
}

/** Gives a selection with formulas in it as TeX, where the browser would give every sign of them twice. */
export function copySelection(event: ClipboardEvent): void {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || !event.clipboardData) return;
  const range = selection.getRangeAt(0).cloneRange();
  const begins = formulaAround(range.startContainer);
  const ends = formulaAround(range.endContainer);
  if (begins) range.setStartBefore(begins);
  if (ends) range.setEndAfter(ends);
  const copy = document.createElement("div");
  copy.append(range.cloneContents());
  if (!copy.querySelector(".math")) return;
  plainly(copy);
  event.clipboardData.setData("text/plain", copy.textContent);
  event.clipboardData.setData("text/html", copy.innerHTML);
  event.preventDefault();
}

function formulaAround(node: Node): Element | null {
  return (node instanceof Element ? node : node.parentElement)?.closest(".math") ?? null;
}

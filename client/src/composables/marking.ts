/** A piece of a text, and whether it was looked for. */
export interface Piece {
  text: string;
  found: boolean;
}

/** Where the words of a query stand in a text: whatever their capitals, accents, full or half width. */
export function markWords(text: string, query: string): Piece[] {
  const { folded, origins } = foldWithOrigins(text);
  const found = new Uint8Array(text.length);
  for (const word of query.split(/\s+/).filter(Boolean)) {
    const wanted = foldWithOrigins(word).folded;
    if (!markAll(wanted)) neighbours(wanted).forEach(markAll);
  }

  function markAll(wanted: string): boolean {
    let position = wanted ? folded.indexOf(wanted) : -1;
    const any = position >= 0;
    while (position >= 0) {
      const end = position + wanted.length;
      found.fill(1, origins[position], origins[end] ?? text.length);
      position = folded.indexOf(wanted, end);
    }
    return any;
  }

  return pieces(text, found);
}

/** Of scripts without spaces: the server finds their characters also where they do not all stand together. */
function neighbours(word: string): string[] {
  const characters = Array.from(word);
  if (/^[\p{ASCII}\p{Script=Latin}]*$/u.test(word)) return [];
  return characters.slice(1).map((character, index) => `${characters[index] ?? ""}${character}`);
}

/** The text as it is compared, and for each of its units where it came from. */
function foldWithOrigins(text: string): { folded: string; origins: number[] } {
  let folded = "";
  const origins: number[] = [];
  let position = 0;
  for (const character of text) {
    const plain = character.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    for (let unit = 0; unit < plain.length; unit += 1) origins.push(position);
    folded += plain;
    position += character.length;
  }
  return { folded, origins };
}

function pieces(text: string, found: Uint8Array): Piece[] {
  const all: Piece[] = [];
  for (let start = 0, end = 0; start < text.length; start = end) {
    while (end < text.length && found[end] === found[start]) end += 1;
    all.push({ text: text.slice(start, end), found: found[start] === 1 });
  }
  return all;
}

/** Takes pieces of a text that is one JSON value per line, however they are cut, and hands on the values. */
export function lineReader(take: (value: unknown) => void): (piece: string) => void {
  let rest = "";
  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) take(JSON.parse(line));
  };
}
